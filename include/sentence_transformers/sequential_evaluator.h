// Several evaluators as one.
#pragma once

#include <sentence_transformers/evaluator.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#pragma GCC visibility push(default)
namespace sentence_transformers {

/// Several evaluators one after the other: all their results, and `sequential_score`, made of their
/// primary metrics; the last one's by default.
template <class Model>
class BasicSequentialEvaluator : public Evaluator<Model> {
 public:
  /// The evaluators' primary metrics, in their order -> `sequential_score`.
  using MainScore = std::function<double(const std::vector<double>& scores)>;
  /// Throws std::invalid_argument for a null pointer among the evaluators.
  explicit BasicSequentialEvaluator(std::vector<std::shared_ptr<const Evaluator<Model>>> evaluators,
                                    MainScore main_score = {});
  /// Calls each with the same context. Where two have the same key, the later one's value stays.
  Metrics operator()(const Model& model, const EvaluationContext& context = {}) const override;
  /// `sequential_score`.
  std::string primary_metric(const Metrics& results) const override;

 private:
  std::vector<std::shared_ptr<const Evaluator<Model>>> evaluators_;
  MainScore main_score_;
};

/// For a SentenceTransformer.
using SequentialEvaluator = BasicSequentialEvaluator<SentenceTransformer>;
/// For a CrossEncoder.
using CrossEncoderSequentialEvaluator = BasicSequentialEvaluator<CrossEncoder>;
extern template class BasicSequentialEvaluator<SentenceTransformer>;
extern template class BasicSequentialEvaluator<CrossEncoder>;

}  // namespace sentence_transformers
#pragma GCC visibility pop
