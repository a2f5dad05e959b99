// Evaluators of cross-encoders. Port of cross_encoder/evaluation/classification.py,
// correlation.py and reranking.py (6.2.0).
#include <ATen/ATen.h>
#include <sentence_transformers/cross_encoder_evaluators.h>

#include <stdexcept>

#include "evaluation/common.h"
#include "evaluation/cross_encoder_reports.h"
#include "evaluation/metrics.h"
#include "evaluation/reranking.h"

namespace sentence_transformers {
namespace {

constexpr const char* kClassification = "CrossEncoderClassificationEvaluator";
constexpr const char* kCorrelation = "CrossEncoderCorrelationEvaluator";
constexpr const char* kReranking = "CrossEncoderRerankingEvaluator";

PredictOptions predict_options(const EvaluatorOptions& options) {
  return {.prompt_name = options.prompt_name,
          .batch_size = options.batch_size,
          .show_progress_bar = options.show_progress_bar};
}

std::string file_name(const char* evaluator, const EvaluatorOptions& options,
                      const std::string& at = "") {
  return evaluator + suffix(options.name) + "_results" + at + ".csv";
}

void require_one_label(const char* evaluator, const CrossEncoder& model) {
  if (model.num_labels() == 1) return;
  throw std::invalid_argument("[" + std::string(evaluator) +
                              "] expected a model with one label, found one with " +
                              std::to_string(model.num_labels()));
}

}  // namespace

Report classification_report(const at::Tensor& scores, const std::vector<int>& labels) {
  Report report;
  if (scores.dim() == 1) {
    check_binary(kClassification, labels);
    const auto values = to_floats(scores);
    const BestAccuracy accuracy = best_accuracy(labels, values, true);
    const BestF1 f1 = best_f1(labels, values, true);
    report.add("Accuracy", "accuracy", accuracy.accuracy);
    report.add("Accuracy_Threshold", "accuracy_threshold", accuracy.threshold);
    report.add("F1", "f1", f1.f1);
    report.add("F1_Threshold", "f1_threshold", f1.threshold);
    report.add("Precision", "precision", f1.precision);
    report.add("Recall", "recall", f1.recall);
    report.add("Average_Precision", "average_precision", average_precision(labels, values));
    return report;
  }
  std::vector<int> predicted;
  for (const float label : to_floats(scores.argmax(1))) {
    predicted.push_back(static_cast<int>(label));
  }
  const F1Scores f1 = f1_scores(labels, predicted);
  report.add("Macro_F1", "f1_macro", f1.macro);
  report.add("Micro_F1", "f1_micro", f1.micro);
  report.add("Weighted_F1", "f1_weighted", f1.weighted);
  return report;
}

Report correlation_report(const std::vector<float>& scores, const std::vector<double>& gold) {
  Report report;
  report.add("Pearson_Correlation", "pearson", pearson(gold, to_doubles(scores)));
  report.add("Spearman_Correlation", "spearman", spearman(gold, to_doubles(scores)));
  return report;
}

CrossEncoderClassificationEvaluator::CrossEncoderClassificationEvaluator(
    std::vector<TextPair> sentence_pairs, std::vector<int> labels, EvaluatorOptions options)
    : pairs_(std::move(sentence_pairs)), labels_(std::move(labels)), options_(std::move(options)) {
  check_sizes(kClassification, {{"sentence_pairs", pairs_.size()}, {"labels", labels_.size()}});
}

Metrics CrossEncoderClassificationEvaluator::operator()(const CrossEncoder& model,
                                                        const EvaluationContext& context) const {
  const at::Tensor scores = model.predict(pairs_, predict_options(options_));
  return classification_report(scores, labels_)
      .finish(options_, context, file_name(kClassification, options_));
}

std::string CrossEncoderClassificationEvaluator::primary_metric(const Metrics& results) const {
  const std::string several = prefixed(options_.name, "f1_macro");
  return results.count(several) ? several : prefixed(options_.name, "average_precision");
}

CrossEncoderCorrelationEvaluator::CrossEncoderCorrelationEvaluator(
    std::vector<TextPair> sentence_pairs, std::vector<double> scores, EvaluatorOptions options)
    : pairs_(std::move(sentence_pairs)), scores_(std::move(scores)), options_(std::move(options)) {
  check_sizes(kCorrelation, {{"sentence_pairs", pairs_.size()}, {"scores", scores_.size()}});
  check_correlation(kCorrelation, pairs_.size());
}

CrossEncoderCorrelationEvaluator::CrossEncoderCorrelationEvaluator(const Dataset& dataset,
                                                                   EvaluatorOptions options) {
  LabelledPairs read = read_pairs(kCorrelation, dataset);
  std::vector<TextPair> pairs;
  for (size_t i = 0; i < read.labels.size(); ++i) {
    pairs.emplace_back(std::move(read.sentences1[i]), std::move(read.sentences2[i]));
  }
  *this = CrossEncoderCorrelationEvaluator(std::move(pairs), std::move(read.labels),
                                           std::move(options));
}

Metrics CrossEncoderCorrelationEvaluator::operator()(const CrossEncoder& model,
                                                     const EvaluationContext& context) const {
  require_one_label(kCorrelation, model);
  const at::Tensor scores = model.predict(pairs_, predict_options(options_));
  return correlation_report(to_floats(scores), scores_)
      .finish(options_, context, file_name(kCorrelation, options_));
}

std::string CrossEncoderCorrelationEvaluator::primary_metric(const Metrics&) const {
  return prefixed(options_.name, "spearman");
}

CrossEncoderRerankingEvaluator::CrossEncoderRerankingEvaluator(std::vector<RerankingSample> samples,
                                                               int64_t at_k,
                                                               bool always_rerank_positives,
                                                               EvaluatorOptions options)
    : samples_(std::move(samples)),
      at_k_(at_k),
      always_rerank_positives_(always_rerank_positives),
      options_(std::move(options)) {
  check_sizes(kReranking, {{"samples", samples_.size()}});
  check_k(kReranking, "at_k", at_k);
  for (const auto& sample : samples_) reranking_task(sample, at_k_, always_rerank_positives_);
}

Metrics CrossEncoderRerankingEvaluator::operator()(const CrossEncoder& model,
                                                   const EvaluationContext& context) const {
  require_one_label(kReranking, model);
  std::vector<RerankingTask> tasks;
  std::vector<TextPair> pairs;
  for (const auto& sample : samples_) {
    tasks.push_back(reranking_task(sample, at_k_, always_rerank_positives_));
    for (const auto& document : tasks.back().documents) pairs.emplace_back(sample.query, document);
  }
  std::vector<float> scores;
  if (!pairs.empty()) scores = to_floats(model.predict(pairs, predict_options(options_)));
  return reranking_report(tasks, scores, at_k_)
      .finish(options_, context, file_name(kReranking, options_, "_@" + std::to_string(at_k_)));
}

std::string CrossEncoderRerankingEvaluator::primary_metric(const Metrics&) const {
  return prefixed(options_.name, "ndcg@" + std::to_string(at_k_));
}

}  // namespace sentence_transformers
