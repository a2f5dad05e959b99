// Embeddings of each kind of model, and how they are compared, for evaluators of all kinds.
#pragma once

#include <ATen/core/Tensor.h>
#include <sentence_transformers/evaluator.h>
#include <sentence_transformers/multi_vector_encoder.h>
#include <sentence_transformers/sparse_encoder.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

namespace sentence_transformers {

/// A tensor [N, D], dense or sparse; or of a multi-vector encoder N tensors [T_i, D].
template <class Model>
using EmbeddingsOf = std::conditional_t<std::is_same_v<Model, MultiVectorEncoder>,
                                        std::vector<at::Tensor>, at::Tensor>;

/// How many texts.
int64_t count_of(const at::Tensor& embeddings);
int64_t count_of(const std::vector<at::Tensor>& embeddings);
/// `count` texts from `begin` on.
at::Tensor rows_of(const at::Tensor& embeddings, int64_t begin, int64_t count);
std::vector<at::Tensor> rows_of(const std::vector<at::Tensor>& embeddings, int64_t begin,
                                int64_t count);

/// A similarity by the name that keys have.
template <class Embeddings>
struct NamedScores {
  using Function = std::function<at::Tensor(const Embeddings& a, const Embeddings& b)>;

  std::string name;
  Function all, pairwise;  // [N, M], and row by row [N]
  std::optional<SimilarityFunction> function = std::nullopt;
};

/// Those that the options name, else the model's own; of a multi-vector encoder its own.
std::vector<NamedScores<at::Tensor>> reported_scores(const EvaluatorOptions& options,
                                                     const SentenceTransformer& model);
std::vector<NamedScores<at::Tensor>> reported_scores(const EvaluatorOptions& options,
                                                     const SparseEncoder& model);
std::vector<NamedScores<std::vector<at::Tensor>>> reported_scores(const EvaluatorOptions& options,
                                                                  const MultiVectorEncoder& model);

EncodeOptions encode_options(const EvaluatorOptions& options, const SentenceTransformer& model);
SparseEncodeOptions encode_options(const EvaluatorOptions& options, const SparseEncoder& model);
MultiVectorEncodeOptions encode_options(const EvaluatorOptions& options,
                                        const MultiVectorEncoder& model);

/// Throws std::invalid_argument for a similarity or a truncate_dim, which multi-vector encoders do
/// not have.
void check_multi_vector(const char* evaluator, const EvaluatorOptions& options);

/// The same for a multi-vector encoder's evaluator alone.
template <class Model>
void check_kind(const char* evaluator, const EvaluatorOptions& options) {
  if constexpr (std::is_same_v<Model, MultiVectorEncoder>) check_multi_vector(evaluator, options);
}

}  // namespace sentence_transformers
