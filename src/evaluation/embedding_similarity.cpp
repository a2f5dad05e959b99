// Do similarities rank pairs as people do? Port of
// sentence_transformer/evaluation/embedding_similarity.py (6.2.0).
#include <ATen/ATen.h>
#include <sentence_transformers/sparse_evaluators.h>

#include <optional>
#include <type_traits>

#include "evaluation/common.h"
#include "evaluation/compared.h"
#include "evaluation/metrics.h"
#include "evaluation/report.h"
#include "evaluation/sparsity.h"

namespace sentence_transformers {
namespace {

template <class Model>
constexpr const char* kEmbeddingSimilarityName = "EmbeddingSimilarityEvaluator";
template <>
constexpr const char* kEmbeddingSimilarityName<SparseEncoder> =
    "SparseEmbeddingSimilarityEvaluator";

std::string precision_name(Precision precision) {
  switch (precision) {
    case Precision::float32:
      return "float32";
    case Precision::int8:
      return "int8";
    case Precision::uint8:
      return "uint8";
    case Precision::binary:
      return "binary";
    case Precision::ubinary:
      return "ubinary";
  }
  return "";
}

/// [N, D / 8] uint8, or int8 that is 128 less -> [N, D] of 0 and 1, a byte's highest bit first.
at::Tensor unpack_bits(const at::Tensor& packed) {
  at::Tensor bytes = packed.to(at::kLong);
  if (packed.scalar_type() == at::kChar) bytes = bytes + 128;
  const at::Tensor shifts = at::arange(7, -1, -1, at::kLong);
  return at::bitwise_right_shift(bytes.unsqueeze(-1), shifts).bitwise_and(1).flatten(1);
}

}  // namespace

template <class Model>
BasicEmbeddingSimilarityEvaluator<Model>::BasicEmbeddingSimilarityEvaluator(
    std::vector<std::string> sentences1, std::vector<std::string> sentences2,
    std::vector<double> scores, EvaluatorOptions options)
    : sentences1_(std::move(sentences1)),
      sentences2_(std::move(sentences2)),
      scores_(std::move(scores)),
      options_(std::move(options)) {
  check_sizes(kEmbeddingSimilarityName<Model>, {{"sentences1", sentences1_.size()},
                                                {"sentences2", sentences2_.size()},
                                                {"scores", scores_.size()}});
  check_correlation(kEmbeddingSimilarityName<Model>, scores_.size());
  check_similarities(kEmbeddingSimilarityName<Model>, options_);
}

template <class Model>
BasicEmbeddingSimilarityEvaluator<Model>::BasicEmbeddingSimilarityEvaluator(
    const Dataset& dataset, EvaluatorOptions options) {
  LabelledPairs pairs = read_pairs(kEmbeddingSimilarityName<Model>, dataset);
  *this =
      BasicEmbeddingSimilarityEvaluator(std::move(pairs.sentences1), std::move(pairs.sentences2),
                                        std::move(pairs.labels), std::move(options));
}

template <class Model>
Metrics BasicEmbeddingSimilarityEvaluator<Model>::operator()(
    const Model& model, const EvaluationContext& context) const {
  auto encode = encode_options(options_, model);
  std::optional<Precision> precision;
  if constexpr (std::is_same_v<Model, SentenceTransformer>) {
    precision = options_.precision;
    encode.precision = precision.value_or(Precision::float32);
    encode.normalize_embeddings = precision.has_value();
  }
  // int8 and uint8 are calibrated by the call's own texts, so both sides go through one.
  std::vector<std::string> sentences = sentences1_;
  sentences.insert(sentences.end(), sentences2_.begin(), sentences2_.end());
  at::Tensor embeddings = model.encode(sentences, encode);
  if (precision == Precision::binary || precision == Precision::ubinary) {
    embeddings = unpack_bits(embeddings);
  }
  SparsityReport sparsity;
  sparsity.add("", embeddings);
  embeddings = embeddings.to(at::kFloat);
  const auto pairs = static_cast<int64_t>(scores_.size());
  const at::Tensor side1 = rows_of(embeddings, 0, pairs), side2 = rows_of(embeddings, pairs, pairs);

  Report report;
  std::optional<double> best_pearson, best_spearman;
  const auto similarities = reported_similarities(options_, model.similarity_fn());
  for (const SimilarityFunction similarity : similarities) {
    const std::string name(to_string(similarity));
    const auto scores = to_doubles(to_floats(util::pairwise_scores(similarity)(side1, side2)));
    const double p = pearson(scores_, scores), s = spearman(scores_, scores);
    report.add(name + "_pearson", "pearson_" + name, p);
    report.add(name + "_spearman", "spearman_" + name, s);
    best_pearson = std::max(best_pearson.value_or(p), p);
    best_spearman = std::max(best_spearman.value_or(s), s);
  }
  if (similarities.size() > 1) {
    report.add_metric("pearson_max", *best_pearson);
    report.add_metric("spearman_max", *best_spearman);
  }
  sparsity.finish(report);
  return report.finish(options_, context,
                       "similarity_evaluation" + suffix(options_.name) +
                           (precision ? suffix(precision_name(*precision)) : "") + "_results.csv");
}

template <class Model>
std::string BasicEmbeddingSimilarityEvaluator<Model>::primary_metric(const Metrics& results) const {
  return primary_key(
      options_, results, [](const std::string& name) { return "spearman_" + name; },
      "spearman_max");
}

template class BasicEmbeddingSimilarityEvaluator<SentenceTransformer>;
template class BasicEmbeddingSimilarityEvaluator<SparseEncoder>;

}  // namespace sentence_transformers
