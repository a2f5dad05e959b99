#include "retrieval/input.h"

#include <ATen/ATen.h>

#include <limits>
#include <sstream>
#include <stdexcept>
#include <tuple>

namespace sentence_transformers::util {

void require_positive(const std::string& function, const char* name, int64_t value) {
  if (value < 1) {
    throw std::invalid_argument("[" + function + "] expected a " + name + " of at least 1, found " +
                                std::to_string(value));
  }
}

at::Tensor matrix(const at::Tensor& tensor, const std::string& function) {
  if (!tensor.defined() || tensor.layout() != at::kStrided || tensor.dim() < 1 ||
      tensor.dim() > 2) {
    std::ostringstream text;
    text << "[" << function << "] expected dense embeddings [N, D], found ";
    if (tensor.defined()) {
      text << tensor.sizes();
    } else {
      text << "no tensor";
    }
    throw std::invalid_argument(text.str());
  }
  return at::atleast_2d(tensor);
}

at::Tensor full_precision(const at::Tensor& x) {
  return x.is_floating_point() && x.element_size() < 4 ? x.to(at::kFloat) : x;
}

at::Tensor without_nan(const at::Tensor& scores) {
  const at::Tensor nan = scores.isnan();
  if (!nan.any().item<bool>()) return scores;
  return scores.masked_fill(nan, -std::numeric_limits<double>::infinity());
}

std::pair<at::Tensor, at::Tensor> best_of_rows(const at::Tensor& scores, int64_t k, bool sorted) {
  auto [values, ids] = at::topk(scores, k, 1, /*largest=*/true, sorted);
  // A NaN anywhere in a row is among its best, where looking costs little.
  if (values.isnan().any().item<bool>()) {
    std::tie(values, ids) = at::topk(without_nan(scores), k, 1, /*largest=*/true, sorted);
  }
  return {values, ids};
}

}  // namespace sentence_transformers::util
