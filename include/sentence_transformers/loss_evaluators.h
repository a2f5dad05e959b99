// Evaluators of what a loss aims at: a teacher's embeddings (MSELoss), a classifier's labels
// (SoftmaxLoss).
#pragma once

#include <sentence_transformers/dataset.h>
#include <sentence_transformers/evaluator.h>
#include <sentence_transformers/pair_losses.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#pragma GCC visibility push(default)
namespace sentence_transformers {

/// `negative_mse`: -100 times the mean squared error to a teacher's embeddings.
template <class Model>
class BasicMSEEvaluator : public Evaluator<Model> {
 public:
  /// The teacher embeds `source_sentences` here and now; the model will embed `target_sentences`,
  /// their translations or the same texts.
  BasicMSEEvaluator(const std::vector<std::string>& source_sentences,
                    std::vector<std::string> target_sentences, const Model& teacher,
                    EvaluatorOptions options = {});
  /// Throws std::invalid_argument where the model's embeddings have not the teacher's size.
  Metrics operator()(const Model& model, const EvaluationContext& context = {}) const override;
  std::string primary_metric(const Metrics& results) const override;

 private:
  at::Tensor source_embeddings_;
  std::vector<std::string> target_sentences_;
  EvaluatorOptions options_;
};
/// Judges a SentenceTransformer.
using MSEEvaluator = BasicMSEEvaluator<SentenceTransformer>;
extern template class BasicMSEEvaluator<SentenceTransformer>;

/// `accuracy` of a SoftmaxLoss's classifier on pairs with one label, a class.
class LabelAccuracyEvaluator : public SentenceEvaluator {
 public:
  /// Reads the dataset once; `loss` is the one that is trained.
  LabelAccuracyEvaluator(const Dataset& dataset, std::shared_ptr<const SoftmaxLoss> loss,
                         EvaluatorOptions options = {});
  /// Embeds both sides and takes each pair's largest logit for its class.
  Metrics operator()(const SentenceTransformer& model,
                     const EvaluationContext& context = {}) const override;
  std::string primary_metric(const Metrics& results) const override;

 private:
  std::vector<std::string> sentences1_, sentences2_;
  std::vector<int64_t> labels_;
  std::shared_ptr<const SoftmaxLoss> loss_;
  EvaluatorOptions options_;
};

}  // namespace sentence_transformers
#pragma GCC visibility pop
