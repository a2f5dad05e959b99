// Is the positive closer than the negative? Port of sentence_transformer/evaluation/triplet.py
// (6.2.0).
#include <ATen/ATen.h>
#include <sentence_transformers/multi_vector_evaluators.h>
#include <sentence_transformers/sparse_evaluators.h>

#include "evaluation/common.h"
#include "evaluation/compared.h"
#include "evaluation/report.h"
#include "evaluation/sparsity.h"

namespace sentence_transformers {
namespace {

template <class Model>
constexpr const char* kTripletName = "TripletEvaluator";
template <>
constexpr const char* kTripletName<SparseEncoder> = "SparseTripletEvaluator";
template <>
constexpr const char* kTripletName<MultiVectorEncoder> = "MultiVectorTripletEvaluator";

}  // namespace

template <class Model>
BasicTripletEvaluator<Model>::BasicTripletEvaluator(std::vector<std::string> anchors,
                                                    std::vector<std::string> positives,
                                                    std::vector<std::string> negatives,
                                                    EvaluatorOptions options,
                                                    std::map<SimilarityFunction, double> margins)
    : anchors_(std::move(anchors)),
      positives_(std::move(positives)),
      negatives_(std::move(negatives)),
      options_(std::move(options)),
      margins_(std::move(margins)) {
  check_sizes(kTripletName<Model>, {{"anchors", anchors_.size()},
                                    {"positives", positives_.size()},
                                    {"negatives", negatives_.size()}});
  check_similarities(kTripletName<Model>, options_);
  check_kind<Model>(kTripletName<Model>, options_);
}

template <class Model>
BasicTripletEvaluator<Model>::BasicTripletEvaluator(std::vector<std::string> anchors,
                                                    std::vector<std::string> positives,
                                                    std::vector<std::string> negatives,
                                                    EvaluatorOptions options, double margin)
    : BasicTripletEvaluator(std::move(anchors), std::move(positives), std::move(negatives),
                            std::move(options),
                            std::map<SimilarityFunction, double>{
                                {SimilarityFunction::cosine, margin},
                                {SimilarityFunction::dot, margin},
                                {SimilarityFunction::euclidean, margin},
                                {SimilarityFunction::manhattan, margin},
                            }) {}

template <class Model>
Metrics BasicTripletEvaluator<Model>::operator()(const Model& model,
                                                 const EvaluationContext& context) const {
  const auto encode = encode_options(options_, model);
  const EmbeddingsOf<Model> anchors = model.encode_query(anchors_, encode);
  const EmbeddingsOf<Model> positives = model.encode_document(positives_, encode);
  const EmbeddingsOf<Model> negatives = model.encode_document(negatives_, encode);

  SparsityReport sparsity;
  sparsity.add("anchor_", anchors);
  sparsity.add("positive_", positives);
  sparsity.add("negative_", negatives);
  Report report;
  double largest = 0;
  const auto similarities = reported_scores(options_, model);
  for (const auto& [name, all, score, function] : similarities) {
    // One of no such function has the margin that stands for all.
    const auto margin = function ? margins_.find(*function) : margins_.begin();
    const at::Tensor closer =
        score(anchors, positives) >
        score(anchors, negatives) + (margin == margins_.end() ? 0.0 : margin->second);
    const double accuracy = closer.to(at::kFloat).mean().item<float>();  // float32 in Python, too
    report.add("accuracy_" + name, name + "_accuracy", accuracy);
    largest = std::max(largest, accuracy);
  }
  if (similarities.size() > 1) report.add_metric("max_accuracy", largest);
  sparsity.finish(report);
  return report.finish(options_, context,
                       "triplet_evaluation" + suffix(options_.name) + "_results.csv");
}

template <class Model>
std::string BasicTripletEvaluator<Model>::primary_metric(const Metrics& results) const {
  return primary_key(
      options_, results, [](const std::string& name) { return name + "_accuracy"; },
      "max_accuracy");
}

template class BasicTripletEvaluator<SentenceTransformer>;
template class BasicTripletEvaluator<SparseEncoder>;
template class BasicTripletEvaluator<MultiVectorEncoder>;

}  // namespace sentence_transformers
