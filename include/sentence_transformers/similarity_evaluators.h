// Evaluators of the similarity of pairs, triplets and translations.
#pragma once

#include <sentence_transformers/dataset.h>
#include <sentence_transformers/evaluator.h>

#include <map>
#include <string>
#include <vector>

#pragma GCC visibility push(default)
namespace sentence_transformers {

/// Pearson and Spearman correlation of similarity and gold score:
/// `pearson_cosine`, `spearman_cosine`, ... and with several similarities `pearson_max`,
/// `spearman_max`.
template <class Model>
class BasicEmbeddingSimilarityEvaluator : public Evaluator<Model> {
 public:
  /// N pairs, at least 2, and their N gold scores.
  BasicEmbeddingSimilarityEvaluator(std::vector<std::string> sentences1,
                                    std::vector<std::string> sentences2, std::vector<double> scores,
                                    EvaluatorOptions options = {});
  /// Of pairs with one label.
  BasicEmbeddingSimilarityEvaluator(const Dataset& dataset, EvaluatorOptions options = {});
  /// Embeds both sides in one call and scores them row by row.
  Metrics operator()(const Model& model, const EvaluationContext& context = {}) const override;
  std::string primary_metric(const Metrics& results) const override;

 private:
  std::vector<std::string> sentences1_, sentences2_;
  std::vector<double> scores_;
  EvaluatorOptions options_;
};
/// Judges a SentenceTransformer.
using EmbeddingSimilarityEvaluator = BasicEmbeddingSimilarityEvaluator<SentenceTransformer>;
extern template class BasicEmbeddingSimilarityEvaluator<SentenceTransformer>;

/// Same (label 1) or not (0), by a threshold on the similarity: `cosine_accuracy`,
/// `cosine_accuracy_threshold`, `cosine_f1`, `cosine_f1_threshold`, `cosine_precision`,
/// `cosine_recall`, `cosine_ap`, `cosine_mcc`, ... and with several similarities `max_accuracy`,
/// ... Thresholds of euclidean and manhattan are distances.
template <class Model>
class BasicBinaryClassificationEvaluator : public Evaluator<Model> {
 public:
  /// N pairs and their N labels, 0 or 1.
  BasicBinaryClassificationEvaluator(std::vector<std::string> sentences1,
                                     std::vector<std::string> sentences2, std::vector<int> labels,
                                     EvaluatorOptions options = {});
  /// Embeds each text once and looks for the best thresholds.
  Metrics operator()(const Model& model, const EvaluationContext& context = {}) const override;
  std::string primary_metric(const Metrics& results) const override;

 private:
  std::vector<std::string> sentences1_, sentences2_;
  std::vector<int> labels_;
  EvaluatorOptions options_;
};
/// Judges a SentenceTransformer.
using BinaryClassificationEvaluator = BasicBinaryClassificationEvaluator<SentenceTransformer>;
extern template class BasicBinaryClassificationEvaluator<SentenceTransformer>;

/// How often the positive is more alike the anchor than the negative is, by more than the margin:
/// `cosine_accuracy`, ... and with several similarities `max_accuracy`. Anchors are embedded with
/// encode_query, the others with encode_document.
template <class Model>
class BasicTripletEvaluator : public Evaluator<Model> {
 public:
  /// N triplets; one margin for every similarity, in its units.
  BasicTripletEvaluator(std::vector<std::string> anchors, std::vector<std::string> positives,
                        std::vector<std::string> negatives, EvaluatorOptions options = {},
                        double margin = 0.0);
  /// A similarity that is not in `margins` has none.
  BasicTripletEvaluator(std::vector<std::string> anchors, std::vector<std::string> positives,
                        std::vector<std::string> negatives, EvaluatorOptions options,
                        std::map<SimilarityFunction, double> margins);
  /// Embeds all three and compares them row by row.
  Metrics operator()(const Model& model, const EvaluationContext& context = {}) const override;
  std::string primary_metric(const Metrics& results) const override;

 private:
  std::vector<std::string> anchors_, positives_, negatives_;
  EvaluatorOptions options_;
  std::map<SimilarityFunction, double> margins_;
};
/// Judges a SentenceTransformer.
using TripletEvaluator = BasicTripletEvaluator<SentenceTransformer>;
extern template class BasicTripletEvaluator<SentenceTransformer>;

/// Is each source sentence closest to its own translation, by the cosine, and the other way around?
/// `src2trg_accuracy`, `trg2src_accuracy`, and their mean, `mean_accuracy`.
template <class Model>
class BasicTranslationEvaluator : public Evaluator<Model> {
 public:
  /// N sentences and their N translations. Equal texts count as the same one.
  BasicTranslationEvaluator(std::vector<std::string> source_sentences,
                            std::vector<std::string> target_sentences,
                            EvaluatorOptions options = {});
  /// Compares all with all: [N, N] scores in memory.
  Metrics operator()(const Model& model, const EvaluationContext& context = {}) const override;
  std::string primary_metric(const Metrics& results) const override;

 private:
  std::vector<std::string> source_sentences_, target_sentences_;
  EvaluatorOptions options_;
};
/// Judges a SentenceTransformer.
using TranslationEvaluator = BasicTranslationEvaluator<SentenceTransformer>;
extern template class BasicTranslationEvaluator<SentenceTransformer>;

}  // namespace sentence_transformers
#pragma GCC visibility pop
