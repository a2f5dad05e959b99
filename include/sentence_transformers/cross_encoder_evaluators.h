// Evaluators of cross-encoders.
#pragma once

#include <sentence_transformers/cross_encoder.h>
#include <sentence_transformers/dataset.h>
#include <sentence_transformers/evaluator.h>

#include <cstdint>
#include <string>
#include <vector>

#pragma GCC visibility push(default)
namespace sentence_transformers {

/// Pairs with a class. A model with one label: `accuracy`, `accuracy_threshold`, `f1`,
/// `f1_threshold`, `precision`, `recall`, `average_precision` of classes 0 and 1; with several:
/// `f1_macro`, `f1_micro`, `f1_weighted`.
class CrossEncoderClassificationEvaluator : public CrossEncoderEvaluator {
 public:
  /// N pairs and their N classes.
  CrossEncoderClassificationEvaluator(std::vector<TextPair> sentence_pairs, std::vector<int> labels,
                                      EvaluatorOptions options = {});
  /// Also throws std::invalid_argument for another class than 0 and 1 with a model of one label.
  Metrics operator()(const CrossEncoder& model,
                     const EvaluationContext& context = {}) const override;
  std::string primary_metric(const Metrics& results) const override;

 private:
  std::vector<TextPair> pairs_;
  std::vector<int> labels_;
  EvaluatorOptions options_;
};

/// `pearson` and `spearman` of predicted and gold scores.
class CrossEncoderCorrelationEvaluator : public CrossEncoderEvaluator {
 public:
  /// N pairs, at least 2, and their N gold scores.
  CrossEncoderCorrelationEvaluator(std::vector<TextPair> sentence_pairs, std::vector<double> scores,
                                   EvaluatorOptions options = {});
  /// Of pairs with one label.
  CrossEncoderCorrelationEvaluator(const Dataset& dataset, EvaluatorOptions options = {});
  /// Also throws std::invalid_argument for a model of several labels.
  Metrics operator()(const CrossEncoder& model,
                     const EvaluationContext& context = {}) const override;
  std::string primary_metric(const Metrics& results) const override;

 private:
  std::vector<TextPair> pairs_;
  std::vector<double> scores_;
  EvaluatorOptions options_;
};

/// `map`, `mrr@10`, `ndcg@10` of each sample's texts ordered by the model, and of the first ranking
/// of samples with `documents` as `base_map`, ... A sample without a positive among its texts
/// counts as 0. With always_rerank_positives all positives are scored, also those that `documents`
/// lacks.
class CrossEncoderRerankingEvaluator : public CrossEncoderEvaluator {
 public:
  /// `at_k`: how many places `mrr` and `ndcg` look at. Throws std::invalid_argument for a sample of
  /// one text, which has no order, or with both `negative` and `documents`.
  explicit CrossEncoderRerankingEvaluator(std::vector<RerankingSample> samples, int64_t at_k = 10,
                                          bool always_rerank_positives = true,
                                          EvaluatorOptions options = {.batch_size = 64});
  /// Also throws std::invalid_argument for a model of several labels.
  Metrics operator()(const CrossEncoder& model,
                     const EvaluationContext& context = {}) const override;
  std::string primary_metric(const Metrics& results) const override;

 private:
  std::vector<RerankingSample> samples_;
  int64_t at_k_;
  bool always_rerank_positives_;
  EvaluatorOptions options_;
};

}  // namespace sentence_transformers
#pragma GCC visibility pop
