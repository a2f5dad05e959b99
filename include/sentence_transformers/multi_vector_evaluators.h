// Evaluators of multi-vector encoders. Their constructors and metrics are those of their namesakes
// for SentenceTransformers, with the model's similarity_fn() in the keys: `maxsim_ndcg@10`. Options
// for similarities and dimensions throw std::invalid_argument.
#pragma once

#include <sentence_transformers/evaluator.h>
#include <sentence_transformers/multi_vector_encoder.h>
#include <sentence_transformers/retrieval_evaluators.h>
#include <sentence_transformers/sequential_evaluator.h>
#include <sentence_transformers/similarity_evaluators.h>

#include <optional>
#include <string>
#include <vector>

#pragma GCC visibility push(default)
namespace sentence_transformers {

/// Judges a MultiVectorEncoder.
using MultiVectorEncoderEvaluator = Evaluator<MultiVectorEncoder>;

/// `maxsim_accuracy`; a margin is in the units of the model's similarity.
using MultiVectorTripletEvaluator = BasicTripletEvaluator<MultiVectorEncoder>;
/// `maxsim_accuracy@1`, `maxsim_ndcg@10`, ...
using MultiVectorInformationRetrievalEvaluator =
    BasicInformationRetrievalEvaluator<MultiVectorEncoder>;
/// `map`, `mrr@10`, `ndcg@10` by the model's similarity.
using MultiVectorRerankingEvaluator = BasicRerankingEvaluator<MultiVectorEncoder>;
/// Several evaluators of a MultiVectorEncoder.
using MultiVectorEncoderSequentialEvaluator = BasicSequentialEvaluator<MultiVectorEncoder>;

extern template class BasicTripletEvaluator<MultiVectorEncoder>;
extern template class BasicInformationRetrievalEvaluator<MultiVectorEncoder>;
extern template class BasicRerankingEvaluator<MultiVectorEncoder>;
extern template class BasicSequentialEvaluator<MultiVectorEncoder>;

/// At which temperatures MultiVectorDistillationEvaluator compares scores.
struct DistillationTemperatures {
  double both = 1;                               ///< of both sides
  std::optional<double> student = std::nullopt;  ///< instead, of the model's scores
  std::optional<double> teacher = std::nullopt;  ///< instead, of the given scores
};

/// How near the model's scores are to a teacher's: `kl_divergence` of the distributions over each
/// query's documents, a mean over queries times the square of the student's temperature, and
/// `spearman`, the mean correlation of the queries' rankings. With one document a query both are of
/// all queries at once.
class MultiVectorDistillationEvaluator : public Evaluator<MultiVectorEncoder> {
 public:
  /// Of each query its documents, as many of each, and the teacher's scores of them. Throws
  /// std::invalid_argument for lists that do not fit, or temperatures that are not above 0 and
  /// finite.
  MultiVectorDistillationEvaluator(std::vector<std::string> queries,
                                   std::vector<std::vector<std::string>> documents,
                                   std::vector<std::vector<double>> scores,
                                   const DistillationTemperatures& temperatures = {},
                                   EvaluatorOptions options = {.batch_size = 16});
  /// Embeds queries and documents and scores them pair by pair.
  Metrics operator()(const MultiVectorEncoder& model,
                     const EvaluationContext& context = {}) const override;
  std::string primary_metric(const Metrics& results) const override;

 private:
  std::vector<std::string> queries_, documents_;  // those of a query side by side
  std::vector<std::vector<double>> scores_;
  double student_, teacher_;
  EvaluatorOptions options_;
};

}  // namespace sentence_transformers
#pragma GCC visibility pop
