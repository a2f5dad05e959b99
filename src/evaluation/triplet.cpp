// Is the positive closer than the negative? Port of sentence_transformer/evaluation/triplet.py
// (6.2.0).
#include <ATen/ATen.h>
#include <sentence_transformers/similarity_evaluators.h>

#include "evaluation/common.h"
#include "evaluation/report.h"

namespace sentence_transformers {
namespace {

constexpr const char* kTripletName = "TripletEvaluator";

}  // namespace

TripletEvaluator::TripletEvaluator(std::vector<std::string> anchors,
                                   std::vector<std::string> positives,
                                   std::vector<std::string> negatives, EvaluatorOptions options,
                                   std::map<SimilarityFunction, double> margins)
    : anchors_(std::move(anchors)),
      positives_(std::move(positives)),
      negatives_(std::move(negatives)),
      options_(std::move(options)),
      margins_(std::move(margins)) {
  check_sizes(kTripletName, {{"anchors", anchors_.size()},
                             {"positives", positives_.size()},
                             {"negatives", negatives_.size()}});
  check_similarities(kTripletName, options_);
}

TripletEvaluator::TripletEvaluator(std::vector<std::string> anchors,
                                   std::vector<std::string> positives,
                                   std::vector<std::string> negatives, EvaluatorOptions options,
                                   double margin)
    : TripletEvaluator(std::move(anchors), std::move(positives), std::move(negatives),
                       std::move(options),
                       std::map<SimilarityFunction, double>{
                           {SimilarityFunction::cosine, margin},
                           {SimilarityFunction::dot, margin},
                           {SimilarityFunction::euclidean, margin},
                           {SimilarityFunction::manhattan, margin},
                       }) {}

Metrics TripletEvaluator::operator()(const SentenceTransformer& model,
                                     const EvaluationContext& context) const {
  const EncodeOptions encode = encode_options(options_);
  const at::Tensor anchors = model.encode_query(anchors_, encode);
  const at::Tensor positives = model.encode_document(positives_, encode);
  const at::Tensor negatives = model.encode_document(negatives_, encode);

  Report report;
  double largest = 0;
  const auto similarities = reported_similarities(options_, model);
  for (const SimilarityFunction similarity : similarities) {
    const std::string name(to_string(similarity));
    const util::ScoreFunction score = util::pairwise_scores(similarity);
    const auto margin = margins_.find(similarity);
    const at::Tensor closer =
        score(anchors, positives) >
        score(anchors, negatives) + (margin == margins_.end() ? 0.0 : margin->second);
    const double accuracy = closer.to(at::kFloat).mean().item<float>();  // float32 in Python, too
    report.add("accuracy_" + name, name + "_accuracy", accuracy);
    largest = std::max(largest, accuracy);
  }
  if (similarities.size() > 1) report.add_metric("max_accuracy", largest);
  return report.finish(options_, context,
                       "triplet_evaluation" + suffix(options_.name) + "_results.csv");
}

std::string TripletEvaluator::primary_metric(const Metrics& results) const {
  return primary_key(
      options_, results, [](const std::string& name) { return name + "_accuracy"; },
      "max_accuracy");
}

}  // namespace sentence_transformers
