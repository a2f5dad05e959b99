// Are two texts the same, judged by a threshold? Port of
// sentence_transformer/evaluation/binary_classification.py (6.2.0).
#include <ATen/ATen.h>
#include <sentence_transformers/sparse_evaluators.h>

#include <unordered_map>

#include "evaluation/common.h"
#include "evaluation/compared.h"
#include "evaluation/metrics.h"
#include "evaluation/report.h"
#include "evaluation/sparsity.h"

namespace sentence_transformers {
namespace {

template <class Model>
constexpr const char* kBinaryClassificationName = "BinaryClassificationEvaluator";
template <>
constexpr const char* kBinaryClassificationName<SparseEncoder> =
    "SparseBinaryClassificationEvaluator";

}  // namespace

template <class Model>
BasicBinaryClassificationEvaluator<Model>::BasicBinaryClassificationEvaluator(
    std::vector<std::string> sentences1, std::vector<std::string> sentences2,
    std::vector<int> labels, EvaluatorOptions options)
    : sentences1_(std::move(sentences1)),
      sentences2_(std::move(sentences2)),
      labels_(std::move(labels)),
      options_(std::move(options)) {
  check_sizes(kBinaryClassificationName<Model>, {{"sentences1", sentences1_.size()},
                                                 {"sentences2", sentences2_.size()},
                                                 {"labels", labels_.size()}});
  check_binary(kBinaryClassificationName<Model>, labels_);
  check_similarities(kBinaryClassificationName<Model>, options_);
}

template <class Model>
Metrics BasicBinaryClassificationEvaluator<Model>::operator()(
    const Model& model, const EvaluationContext& context) const {
  // Each text once, however often it comes.
  std::vector<std::string> texts;
  std::unordered_map<std::string_view, int64_t> rows;
  const auto places = [&](const std::vector<std::string>& sentences) {
    std::vector<int64_t> found;
    for (const std::string& sentence : sentences) {
      const auto [row, is_new] = rows.emplace(sentence, static_cast<int64_t>(texts.size()));
      if (is_new) texts.push_back(sentence);
      found.push_back(row->second);
    }
    return at::tensor(found);
  };
  const at::Tensor rows1 = places(sentences1_), rows2 = places(sentences2_);
  const at::Tensor embeddings = model.encode(texts, encode_options(options_, model));
  const at::Tensor side1 = embeddings.index_select(0, rows1);
  const at::Tensor side2 = embeddings.index_select(0, rows2);

  SparsityReport sparsity;
  sparsity.add("", embeddings);
  Report report;
  Metrics largest;
  const auto similarities = reported_similarities(options_, model.similarity_fn());
  for (const SimilarityFunction similarity : similarities) {
    const std::string name(to_string(similarity));
    const bool is_distance =
        similarity == SimilarityFunction::euclidean || similarity == SimilarityFunction::manhattan;
    const at::Tensor likeness = util::pairwise_scores(similarity)(side1, side2);
    const auto scores = to_floats(is_distance ? -likeness : likeness);

    const BestAccuracy accuracy = best_accuracy(labels_, scores, !is_distance);
    const BestF1 f1 = best_f1(labels_, scores, !is_distance);
    std::vector<int> predicted;
    for (const float score : scores) {
      predicted.push_back(is_distance ? score <= f1.threshold : score >= f1.threshold);
    }
    const auto add = [&](const std::string& metric, auto value) {
      report.add(name + "_" + metric, name + "_" + metric, value);
      const auto [known, is_new] = largest.emplace("max_" + metric, value);
      if (!is_new) known->second = std::max<double>(known->second, value);
    };
    add("accuracy", accuracy.accuracy);
    add("accuracy_threshold", accuracy.threshold);
    add("f1", f1.f1);
    add("precision", f1.precision);
    add("recall", f1.recall);
    add("f1_threshold", f1.threshold);
    add("ap", average_precision(labels_, to_floats(likeness)));
    add("mcc", matthews(labels_, predicted));
  }
  if (similarities.size() > 1) {
    for (const auto& [key, value] : largest) report.add_metric(key, value);
  }
  sparsity.finish(report);
  return report.finish(options_, context,
                       "binary_classification_evaluation" + suffix(options_.name) + "_results.csv");
}

template <class Model>
std::string BasicBinaryClassificationEvaluator<Model>::primary_metric(
    const Metrics& results) const {
  return primary_key(
      options_, results, [](const std::string& name) { return name + "_ap"; }, "max_ap");
}

template class BasicBinaryClassificationEvaluator<SentenceTransformer>;
template class BasicBinaryClassificationEvaluator<SparseEncoder>;

}  // namespace sentence_transformers
