#include <sentence_transformers/span.h>

#include <stdexcept>
#include <string>

namespace sentence_transformers::util {

std::span<const float> as_span(const at::Tensor& tensor) {
  if (!tensor.defined() || !tensor.is_cpu() || tensor.scalar_type() != at::kFloat ||
      !tensor.is_contiguous()) {
    throw std::invalid_argument(
        "[as_span] expected a contiguous float32 tensor on the CPU, found " +
        (tensor.defined()
             ? std::string(c10::toString(tensor.scalar_type())) + " on " + tensor.device().str() +
                   (tensor.is_contiguous() ? "" : ", not contiguous")
             : std::string("none")));
  }
  return {tensor.const_data_ptr<float>(), static_cast<size_t>(tensor.numel())};
}

}  // namespace sentence_transformers::util
