// How good a model is: Python's evaluators by their names, keys, numbers and csv files.
#pragma once

#include <sentence_transformers/cross_encoder.h>
#include <sentence_transformers/losses.h>
#include <sentence_transformers/retrieval.h>
#include <sentence_transformers/sentence_transformer.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)
namespace sentence_transformers {

/// Values by Python's keys, such as "sts-dev_spearman_cosine".
using Metrics = std::map<std::string, double>;

struct EvaluationContext {
  std::filesystem::path output_path = {};  ///< folder of the csv file; "" writes none
  double epoch = -1;                       ///< -1: not in training
  int64_t steps = -1;
};

/// Judges a model. Constructors throw std::invalid_argument where inputs are empty, differ in
/// length or do not fit together.
template <class Model>
class Evaluator {
 public:
  virtual ~Evaluator() = default;
  /// Adds a line to a csv file in context.output_path, if that is set, and throws Error where the
  /// disk refuses. Throws std::invalid_argument for scores that are no numbers, where a metric
  /// needs some.
  virtual Metrics operator()(const Model& model, const EvaluationContext& context = {}) const = 0;
  /// The key of `results` by which a training run keeps its best model; larger is better. A run
  /// asks once, with its first results.
  virtual std::string primary_metric(const Metrics& results) const = 0;
};
using SentenceEvaluator = Evaluator<SentenceTransformer>;
using CrossEncoderEvaluator = Evaluator<CrossEncoder>;

struct EvaluatorOptions {
  std::string name = "";
  int64_t batch_size = 32;
  bool show_progress_bar = false;
  bool write_csv = true;
  std::optional<int64_t> truncate_dim = std::nullopt;
  /// Which similarities to report; empty: main_similarity, else the model's own.
  std::vector<SimilarityFunction> similarities = {};
  /// The one of the primary metric; else the best of several.
  std::optional<SimilarityFunction> main_similarity = std::nullopt;
  /// EmbeddingSimilarityEvaluator: embeddings are normalized and quantized to it.
  std::optional<Precision> precision = std::nullopt;
  /// Cross-encoders: PredictOptions::prompt_name.
  std::optional<std::string> prompt_name = std::nullopt;
};

/// Pearson and Spearman correlation of similarity and gold score:
/// `pearson_cosine`, `spearman_cosine`, ... and with several similarities `pearson_max`,
/// `spearman_max`.
class EmbeddingSimilarityEvaluator : public SentenceEvaluator {
 public:
  EmbeddingSimilarityEvaluator(std::vector<std::string> sentences1,
                               std::vector<std::string> sentences2, std::vector<double> scores,
                               EvaluatorOptions options = {});
  /// Of pairs with one label.
  EmbeddingSimilarityEvaluator(const Dataset& dataset, EvaluatorOptions options = {});
  Metrics operator()(const SentenceTransformer& model,
                     const EvaluationContext& context = {}) const override;
  std::string primary_metric(const Metrics& results) const override;

 private:
  std::vector<std::string> sentences1_, sentences2_;
  std::vector<double> scores_;
  EvaluatorOptions options_;
};

/// Same (label 1) or not (0), by a threshold on the similarity: `cosine_accuracy`,
/// `cosine_accuracy_threshold`, `cosine_f1`, `cosine_f1_threshold`, `cosine_precision`,
/// `cosine_recall`, `cosine_ap`, `cosine_mcc`, ... and with several similarities `max_accuracy`,
/// ... Thresholds of euclidean and manhattan are distances.
class BinaryClassificationEvaluator : public SentenceEvaluator {
 public:
  BinaryClassificationEvaluator(std::vector<std::string> sentences1,
                                std::vector<std::string> sentences2, std::vector<int> labels,
                                EvaluatorOptions options = {});
  Metrics operator()(const SentenceTransformer& model,
                     const EvaluationContext& context = {}) const override;
  std::string primary_metric(const Metrics& results) const override;

 private:
  std::vector<std::string> sentences1_, sentences2_;
  std::vector<int> labels_;
  EvaluatorOptions options_;
};

/// How often the positive is more alike the anchor than the negative is, by more than the margin:
/// `cosine_accuracy`, ... and with several similarities `max_accuracy`. Anchors are embedded with
/// encode_query, the others with encode_document.
class TripletEvaluator : public SentenceEvaluator {
 public:
  TripletEvaluator(std::vector<std::string> anchors, std::vector<std::string> positives,
                   std::vector<std::string> negatives, EvaluatorOptions options = {},
                   double margin = 0.0);
  /// A similarity that is not in `margins` has none.
  TripletEvaluator(std::vector<std::string> anchors, std::vector<std::string> positives,
                   std::vector<std::string> negatives, EvaluatorOptions options,
                   std::map<SimilarityFunction, double> margins);
  Metrics operator()(const SentenceTransformer& model,
                     const EvaluationContext& context = {}) const override;
  std::string primary_metric(const Metrics& results) const override;

 private:
  std::vector<std::string> anchors_, positives_, negatives_;
  EvaluatorOptions options_;
  std::map<SimilarityFunction, double> margins_;
};

/// Ids and their texts; an id may come once.
using TextsById = std::vector<std::pair<std::string, std::string>>;

struct InformationRetrievalOptions {
  int64_t corpus_chunk_size = 50'000;  ///< texts embedded and scored at a time
  std::vector<int64_t> mrr_at_k = {10}, ndcg_at_k = {10}, accuracy_at_k = {1, 3, 5, 10},
                       precision_recall_at_k = {1, 3, 5, 10}, map_at_k = {100};
  std::optional<std::string> query_prompt = std::nullopt, query_prompt_name = std::nullopt,
                             corpus_prompt = std::nullopt, corpus_prompt_name = std::nullopt;
};

/// A search over a corpus: `cosine_accuracy@1`, `cosine_precision@1`, `cosine_recall@1`,
/// `cosine_mrr@10`, `cosine_ndcg@10`, `cosine_map@100`, ... Equal scores are ordered by id. Queries
/// without relevant documents are left out; a relevant document may be missing in the corpus.
class InformationRetrievalEvaluator : public SentenceEvaluator {
 public:
  InformationRetrievalEvaluator(TextsById queries, TextsById corpus,
                                std::map<std::string, std::set<std::string>> relevant_docs,
                                InformationRetrievalOptions retrieval = {},
                                EvaluatorOptions options = {});
  Metrics operator()(const SentenceTransformer& model,
                     const EvaluationContext& context = {}) const override;
  std::string primary_metric(const Metrics& results) const override;

 private:
  TextsById queries_, corpus_;
  std::map<std::string, std::set<std::string>> relevant_docs_;
  InformationRetrievalOptions retrieval_;
  EvaluatorOptions options_;
};

/// A query, what should come first and what should not.
struct RerankingSample {
  std::string query;
  std::vector<std::string> positive;
  std::vector<std::string> negative = {};
  /// CrossEncoderRerankingEvaluator: the documents in their first ranking, instead of `negative`.
  std::vector<std::string> documents = {};
};

/// Each sample's texts ordered by the model: `map`, `mrr@10`, `ndcg@10`. Samples without a positive
/// or a negative are left out. The similarity is the cosine, unless options.similarities has
/// another one.
class RerankingEvaluator : public SentenceEvaluator {
 public:
  explicit RerankingEvaluator(std::vector<RerankingSample> samples, int64_t at_k = 10,
                              EvaluatorOptions options = {.batch_size = 64});
  Metrics operator()(const SentenceTransformer& model,
                     const EvaluationContext& context = {}) const override;
  std::string primary_metric(const Metrics& results) const override;

 private:
  std::vector<RerankingSample> samples_;
  int64_t at_k_;
  EvaluatorOptions options_;
};

struct ParaphraseMiningEvaluatorOptions {
  /// Duplicates of a duplicate are duplicates.
  bool add_transitive_closure = false;
  util::ParaphraseMiningOptions mining = {};
};

/// The duplicates found among all sentences: `average_precision`, and `f1`, `precision`, `recall`
/// at the best `threshold`. A pair with an id that no sentence has is left out.
class ParaphraseMiningEvaluator : public SentenceEvaluator {
 public:
  ParaphraseMiningEvaluator(TextsById sentences,
                            std::vector<std::pair<std::string, std::string>> duplicates,
                            ParaphraseMiningEvaluatorOptions mining = {},
                            EvaluatorOptions options = {.batch_size = 16});
  Metrics operator()(const SentenceTransformer& model,
                     const EvaluationContext& context = {}) const override;
  std::string primary_metric(const Metrics& results) const override;

 private:
  std::vector<std::string> sentences_;
  std::set<std::pair<int64_t, int64_t>> duplicates_;  // places in sentences_, the smaller first
  ParaphraseMiningEvaluatorOptions mining_;
  EvaluatorOptions options_;
};

/// `negative_mse`: -100 times the mean squared error to a teacher's embeddings.
class MSEEvaluator : public SentenceEvaluator {
 public:
  MSEEvaluator(const std::vector<std::string>& source_sentences,
               std::vector<std::string> target_sentences, const SentenceTransformer& teacher,
               EvaluatorOptions options = {});
  Metrics operator()(const SentenceTransformer& model,
                     const EvaluationContext& context = {}) const override;
  std::string primary_metric(const Metrics& results) const override;

 private:
  at::Tensor source_embeddings_;
  std::vector<std::string> target_sentences_;
  EvaluatorOptions options_;
};

/// `accuracy` of a SoftmaxLoss's classifier on pairs with one label, a class.
class LabelAccuracyEvaluator : public SentenceEvaluator {
 public:
  LabelAccuracyEvaluator(const Dataset& dataset, std::shared_ptr<const SoftmaxLoss> loss,
                         EvaluatorOptions options = {});
  Metrics operator()(const SentenceTransformer& model,
                     const EvaluationContext& context = {}) const override;
  std::string primary_metric(const Metrics& results) const override;

 private:
  std::vector<std::string> sentences1_, sentences2_;
  std::vector<int64_t> labels_;
  std::shared_ptr<const SoftmaxLoss> loss_;
  EvaluatorOptions options_;
};

/// Several evaluators one after the other: all their results, and `sequential_score`, made of their
/// primary metrics; the last one's by default.
template <class Model>
class BasicSequentialEvaluator : public Evaluator<Model> {
 public:
  using MainScore = std::function<double(const std::vector<double>& scores)>;
  explicit BasicSequentialEvaluator(std::vector<std::shared_ptr<const Evaluator<Model>>> evaluators,
                                    MainScore main_score = {});
  Metrics operator()(const Model& model, const EvaluationContext& context = {}) const override;
  std::string primary_metric(const Metrics& results) const override;

 private:
  std::vector<std::shared_ptr<const Evaluator<Model>>> evaluators_;
  MainScore main_score_;
};
using SequentialEvaluator = BasicSequentialEvaluator<SentenceTransformer>;
using CrossEncoderSequentialEvaluator = BasicSequentialEvaluator<CrossEncoder>;
extern template class BasicSequentialEvaluator<SentenceTransformer>;
extern template class BasicSequentialEvaluator<CrossEncoder>;

// ---- Cross-encoders ----

/// Pairs with a class. A model with one label: `accuracy`, `accuracy_threshold`, `f1`,
/// `f1_threshold`, `precision`, `recall`, `average_precision` of classes 0 and 1; with several:
/// `f1_macro`, `f1_micro`, `f1_weighted`.
class CrossEncoderClassificationEvaluator : public CrossEncoderEvaluator {
 public:
  CrossEncoderClassificationEvaluator(std::vector<TextPair> sentence_pairs, std::vector<int> labels,
                                      EvaluatorOptions options = {});
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
  CrossEncoderCorrelationEvaluator(std::vector<TextPair> sentence_pairs, std::vector<double> scores,
                                   EvaluatorOptions options = {});
  /// Of pairs with one label.
  CrossEncoderCorrelationEvaluator(const Dataset& dataset, EvaluatorOptions options = {});
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
  explicit CrossEncoderRerankingEvaluator(std::vector<RerankingSample> samples, int64_t at_k = 10,
                                          bool always_rerank_positives = true,
                                          EvaluatorOptions options = {.batch_size = 64});
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
