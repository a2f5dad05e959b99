// Several evaluators as one. Port of base/evaluation/sequential.py (6.2.0).
#include <sentence_transformers/multi_vector_evaluators.h>
#include <sentence_transformers/sparse_evaluators.h>

#include <stdexcept>

namespace sentence_transformers {

template <class Model>
BasicSequentialEvaluator<Model>::BasicSequentialEvaluator(
    std::vector<std::shared_ptr<const Evaluator<Model>>> evaluators, MainScore main_score)
    : evaluators_(std::move(evaluators)), main_score_(std::move(main_score)) {
  for (const auto& evaluator : evaluators_) {
    if (!evaluator) {
      throw std::invalid_argument("[SequentialEvaluator] one of the evaluators is a null pointer");
    }
  }
  if (!main_score_) main_score_ = [](const std::vector<double>& scores) { return scores.back(); };
}

template <class Model>
Metrics BasicSequentialEvaluator<Model>::operator()(const Model& model,
                                                    const EvaluationContext& context) const {
  Metrics all;
  std::vector<double> scores;
  for (const auto& evaluator : evaluators_) {
    const Metrics results = (*evaluator)(model, context);
    const std::string key = evaluator->primary_metric(results);
    const auto primary = results.find(key);
    if (primary == results.end()) {
      throw std::invalid_argument(
          "[SequentialEvaluator] an evaluator's results lack its primary "
          "metric \"" +
          key + "\"");
    }
    scores.push_back(primary->second);
    for (const auto& [name, value] : results) all[name] = value;
  }
  all["sequential_score"] = scores.empty() ? 0.0 : main_score_(scores);
  return all;
}

template <class Model>
std::string BasicSequentialEvaluator<Model>::primary_metric(const Metrics&) const {
  return "sequential_score";
}

template class BasicSequentialEvaluator<SentenceTransformer>;
template class BasicSequentialEvaluator<CrossEncoder>;
template class BasicSequentialEvaluator<SparseEncoder>;
template class BasicSequentialEvaluator<MultiVectorEncoder>;

}  // namespace sentence_transformers
