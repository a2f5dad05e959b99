#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <sentence_transformers/maxsim.h>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>

#include "kernels/kernels.h"

namespace sentence_transformers {

std::string_view to_string(MultiVectorSimilarity function) {
  return function == MultiVectorSimilarity::maxsim ? "maxsim" : "meanmaxsim";
}

namespace util {
namespace {

using Embeddings = std::vector<at::Tensor>;

/// The length of all rows; nothing if there are no texts.
std::optional<int64_t> check(const std::string& function, const Embeddings& queries,
                             const Embeddings& documents) {
  std::optional<int64_t> width;
  for (const Embeddings* side : {&queries, &documents}) {
    for (const at::Tensor& text : *side) {
      if (text.dim() != 2 || text.size(1) != width.value_or(text.size(1))) {
        throw std::invalid_argument(
            "[util::" + function + "] expected embeddings [T, D]" +
            (width ? " with D " + std::to_string(*width) : "") + ", found " +
            (text.dim() == 2
                 ? "[" + std::to_string(text.size(0)) + ", " + std::to_string(text.size(1)) + "]"
                 : std::to_string(text.dim()) + " dimensions"));
      }
      width = text.size(1);
    }
  }
  return width;
}

void check_pairs(const std::string& function, const Embeddings& queries,
                 const Embeddings& documents) {
  if (queries.size() == documents.size()) return;
  throw std::invalid_argument("[util::" + function + "] expected as many documents as queries (" +
                              std::to_string(queries.size()) + "), found " +
                              std::to_string(documents.size()));
}

/// Both scored by the loops: on the CPU, without gradients.
bool has_loops(const Embeddings& queries, const Embeddings& documents) {
  const auto fits = [](const at::Tensor& text) {
    return text.is_cpu() && !(at::GradMode::is_enabled() && text.requires_grad());
  };
  return kernels::best() && std::all_of(queries.begin(), queries.end(), fits) &&
         std::all_of(documents.begin(), documents.end(), fits);
}

at::Tensor plain_rows(const at::Tensor& text) { return text.detach().to(at::kFloat).contiguous(); }

/// A query's tokens as columns of a product.
class PackedQuery {
 public:
  explicit PackedQuery(const at::Tensor& query)
      : count_(query.size(0)), panels_(kernels::packed_size(query.size(0), query.size(1))) {
    const at::Tensor rows = plain_rows(query);
    kernels::best()->pack_f32(rows.const_data_ptr<float>(), count_, rows.size(1), panels_.data());
  }

  /// `largest` is scratch that grows as needed.
  float score(const at::Tensor& document, std::vector<float>& largest) const {
    if (document.size(0) == 0) return kScoreWithoutTokens;
    largest.resize(static_cast<size_t>(kernels::round_up(count_, kernels::kColumns)));
    kernels::best()->largest_products(document.const_data_ptr<float>(), document.size(0),
                                      panels_.data(), document.size(1), count_, largest.data());
    float sum = 0;
    for (int64_t i = 0; i < count_; ++i) sum += largest[static_cast<size_t>(i)];
    return sum;
  }

 private:
  int64_t count_;
  std::vector<float> panels_;
};

/// score(i) for each i below `count`, on all cores.
template <class Score>
void for_each_score(size_t count, const Score& score) {
  at::parallel_for(0, static_cast<int64_t>(count), 1, [&](int64_t begin, int64_t end) {
    std::vector<float> largest;
    for (int64_t i = begin; i < end; ++i) score(static_cast<size_t>(i), largest);
  });
}

/// The sum over a query's tokens of the largest of their products with a document's [Q, T].
at::Tensor sum_of_largest(const at::Tensor& products) { return std::get<0>(products.max(1)).sum(); }

/// Through autograd, on any device: one product, cut into documents.
at::Tensor plain_maxsim(const Embeddings& queries, const Embeddings& documents) {
  const at::Tensor all = at::cat(documents).to(at::kFloat);
  std::vector<int64_t> lengths;
  for (const at::Tensor& document : documents) lengths.push_back(document.size(0));
  std::vector<at::Tensor> rows;
  for (const at::Tensor& query : queries) {
    std::vector<at::Tensor> scores;
    for (const at::Tensor& part :
         at::mm(query.to(at::kFloat), all.t()).split_with_sizes(lengths, 1)) {
      scores.push_back(part.size(1) == 0 ? at::full({}, kScoreWithoutTokens, part.options())
                                         : sum_of_largest(part));
    }
    rows.push_back(at::stack(scores));
  }
  return at::stack(rows);
}

at::Tensor divided_by_lengths(const at::Tensor& scores, const Embeddings& queries) {
  std::vector<int64_t> counts;
  for (const at::Tensor& query : queries) counts.push_back(std::max<int64_t>(1, query.size(0)));
  const at::Tensor lengths = at::tensor(counts, scores.options());
  return scores / (scores.dim() == 2 ? lengths.unsqueeze(1) : lengths);
}

}  // namespace

at::Tensor maxsim(const Embeddings& queries, const Embeddings& documents) {
  check("maxsim", queries, documents);
  const auto n = static_cast<int64_t>(queries.size()), m = static_cast<int64_t>(documents.size());
  if (n == 0 || m == 0) return at::zeros({n, m}, at::kFloat);
  if (!has_loops(queries, documents)) return plain_maxsim(queries, documents);
  const std::vector<PackedQuery> packed(queries.begin(), queries.end());
  const at::Tensor scores = at::empty({n, m}, at::kFloat);
  auto* out = scores.data_ptr<float>();
  for_each_score(documents.size(), [&](size_t j, std::vector<float>& largest) {
    const at::Tensor document = plain_rows(documents[j]);
    for (size_t i = 0; i < packed.size(); ++i) {
      out[i * documents.size() + j] = packed[i].score(document, largest);
    }
  });
  return scores;
}

at::Tensor maxsim_pairwise(const Embeddings& queries, const Embeddings& documents) {
  check("maxsim_pairwise", queries, documents);
  check_pairs("maxsim_pairwise", queries, documents);
  if (queries.empty()) return at::zeros({0}, at::kFloat);
  if (!has_loops(queries, documents)) {
    std::vector<at::Tensor> scores;
    for (size_t i = 0; i < queries.size(); ++i) {
      scores.push_back(plain_maxsim({queries[i]}, {documents[i]})[0][0]);
    }
    return at::stack(scores);
  }
  const at::Tensor scores = at::empty({static_cast<int64_t>(queries.size())}, at::kFloat);
  auto* out = scores.data_ptr<float>();
  for_each_score(queries.size(), [&](size_t i, std::vector<float>& largest) {
    out[i] = PackedQuery(queries[i]).score(plain_rows(documents[i]), largest);
  });
  return scores;
}

at::Tensor mean_maxsim(const Embeddings& queries, const Embeddings& documents) {
  return divided_by_lengths(maxsim(queries, documents), queries);
}

at::Tensor mean_maxsim_pairwise(const Embeddings& queries, const Embeddings& documents) {
  return divided_by_lengths(maxsim_pairwise(queries, documents), queries);
}

}  // namespace util
}  // namespace sentence_transformers
