#include "evaluation/compared.h"

#include <ATen/ATen.h>

#include <stdexcept>

#include "evaluation/common.h"

namespace sentence_transformers {
namespace {

std::vector<NamedScores<at::Tensor>> scores_of_rows(const EvaluatorOptions& options,
                                                    SimilarityFunction own) {
  std::vector<NamedScores<at::Tensor>> scores;
  for (const SimilarityFunction function : reported_similarities(options, own)) {
    scores.push_back({.name = std::string(to_string(function)),
                      .all = util::scores(function),
                      .pairwise = util::pairwise_scores(function),
                      .function = function});
  }
  return scores;
}

}  // namespace

int64_t count_of(const at::Tensor& embeddings) { return embeddings.size(0); }
int64_t count_of(const std::vector<at::Tensor>& embeddings) {
  return static_cast<int64_t>(embeddings.size());
}

at::Tensor rows_of(const at::Tensor& embeddings, int64_t begin, int64_t count) {
  return embeddings.is_sparse() ? at::narrow_copy(embeddings, 0, begin, count)
                                : embeddings.narrow(0, begin, count);
}
std::vector<at::Tensor> rows_of(const std::vector<at::Tensor>& embeddings, int64_t begin,
                                int64_t count) {
  return {embeddings.begin() + begin, embeddings.begin() + begin + count};
}

std::vector<NamedScores<at::Tensor>> reported_scores(const EvaluatorOptions& options,
                                                     const SentenceTransformer& model) {
  return scores_of_rows(options, model.similarity_fn());
}
std::vector<NamedScores<at::Tensor>> reported_scores(const EvaluatorOptions& options,
                                                     const SparseEncoder& model) {
  return scores_of_rows(options, model.similarity_fn());
}
std::vector<NamedScores<std::vector<at::Tensor>>> reported_scores(
    const EvaluatorOptions& /*options*/, const MultiVectorEncoder& model) {
  const bool mean = model.similarity_fn() == MultiVectorSimilarity::meanmaxsim;
  return {{.name = std::string(to_string(model.similarity_fn())),
           .all = mean ? util::mean_maxsim : util::maxsim,
           .pairwise = mean ? util::mean_maxsim_pairwise : util::maxsim_pairwise}};
}

EncodeOptions encode_options(const EvaluatorOptions& options,
                             const SentenceTransformer& /*model*/) {
  return {.batch_size = options.batch_size,
          .show_progress_bar = options.show_progress_bar,
          .truncate_dim = options.truncate_dim};
}
SparseEncodeOptions encode_options(const EvaluatorOptions& options,
                                   const SparseEncoder& /*model*/) {
  return {.batch_size = options.batch_size,
          .show_progress_bar = options.show_progress_bar,
          .max_active_dims = options.max_active_dims};
}
MultiVectorEncodeOptions encode_options(const EvaluatorOptions& options,
                                        const MultiVectorEncoder& /*model*/) {
  return {.batch_size = options.batch_size, .show_progress_bar = options.show_progress_bar};
}

void check_multi_vector(const char* evaluator, const EvaluatorOptions& options) {
  const std::string start = "[" + std::string(evaluator) + "] ";
  if (!options.similarities.empty() || options.main_similarity) {
    throw std::invalid_argument(start +
                                "expected no similarities: tokens are compared as the "
                                "model's similarity_fn() says");
  }
  if (options.truncate_dim) {
    throw std::invalid_argument(start + "expected no truncate_dim: tokens keep their dimensions");
  }
}

}  // namespace sentence_transformers
