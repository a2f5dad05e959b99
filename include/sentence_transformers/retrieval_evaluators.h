// Evaluators of search, reranking and the mining of duplicates.
#pragma once

#include <sentence_transformers/evaluator.h>
#include <sentence_transformers/retrieval.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)
namespace sentence_transformers {

/// At which places InformationRetrievalEvaluator measures, and what stands before the texts. Lists
/// may not be empty, nor a place be below 1.
struct InformationRetrievalOptions {
  int64_t corpus_chunk_size = 50'000;     ///< texts embedded and scored at a time
  std::vector<int64_t> mrr_at_k = {10};   ///< mean reciprocal rank of the first relevant document
  std::vector<int64_t> ndcg_at_k = {10};  ///< normalized discounted cumulative gain; the largest
                                          ///< k's is the primary metric
  std::vector<int64_t> accuracy_at_k = {1, 3, 5, 10};  ///< is there a relevant one among the k?
  /// Relevant ones of the k, and of all.
  std::vector<int64_t> precision_recall_at_k = {1, 3, 5, 10};
  std::vector<int64_t> map_at_k = {100};  ///< mean average precision
  /// Wins over query_prompt_name; without both encode_query chooses.
  std::optional<std::string> query_prompt = std::nullopt;
  std::optional<std::string> query_prompt_name = std::nullopt;  ///< one of the model's prompts()
  /// Wins over corpus_prompt_name; without both encode_document chooses.
  std::optional<std::string> corpus_prompt = std::nullopt;
  std::optional<std::string> corpus_prompt_name = std::nullopt;  ///< one of the model's prompts()
};

/// A search over a corpus: `cosine_accuracy@1`, `cosine_precision@1`, `cosine_recall@1`,
/// `cosine_mrr@10`, `cosine_ndcg@10`, `cosine_map@100`, ... Equal scores are ordered by id. Queries
/// without relevant documents are left out; a relevant document may be missing in the corpus.
template <class Model>
class BasicInformationRetrievalEvaluator : public Evaluator<Model> {
 public:
  /// `relevant_docs`: a query's id to the ids of its documents.
  BasicInformationRetrievalEvaluator(TextsById queries, TextsById corpus,
                                     std::map<std::string, std::set<std::string>> relevant_docs,
                                     InformationRetrievalOptions retrieval = {},
                                     EvaluatorOptions options = {});
  /// Embeds the queries, then the corpus chunk by chunk.
  Metrics operator()(const Model& model, const EvaluationContext& context = {}) const override;
  std::string primary_metric(const Metrics& results) const override;

 private:
  TextsById queries_, corpus_;
  std::map<std::string, std::set<std::string>> relevant_docs_;
  InformationRetrievalOptions retrieval_;
  EvaluatorOptions options_;
};
/// Judges a SentenceTransformer.
using InformationRetrievalEvaluator = BasicInformationRetrievalEvaluator<SentenceTransformer>;
extern template class BasicInformationRetrievalEvaluator<SentenceTransformer>;

/// Each sample's texts ordered by the model: `map`, `mrr@10`, `ndcg@10`. Samples without a positive
/// or a negative are left out. The similarity is the cosine, unless options.similarities has
/// another one.
template <class Model>
class BasicRerankingEvaluator : public Evaluator<Model> {
 public:
  /// `at_k`: how many places `mrr` and `ndcg` look at.
  explicit BasicRerankingEvaluator(std::vector<RerankingSample> samples, int64_t at_k = 10,
                                   EvaluatorOptions options = {.batch_size = 64});
  /// Embeds all queries with encode_query, all texts with encode_document.
  Metrics operator()(const Model& model, const EvaluationContext& context = {}) const override;
  std::string primary_metric(const Metrics& results) const override;

 private:
  std::vector<RerankingSample> samples_;
  int64_t at_k_;
  EvaluatorOptions options_;
};
/// Judges a SentenceTransformer.
using RerankingEvaluator = BasicRerankingEvaluator<SentenceTransformer>;
extern template class BasicRerankingEvaluator<SentenceTransformer>;

/// A query's documents in the order in which a search found them.
struct RankedSample {
  std::string query_id;                ///< by which two searches' samples belong together
  std::vector<std::string> positive;   ///< texts that answer it
  std::vector<std::string> documents;  ///< texts, the best first
};

/// Two searches' rankings and their fusion, by the sum of 1 / (rrf_k + rank) over both: `map`,
/// `mrr@10`, `ndcg@10` of the fusion, `dense_map`, ... and `sparse_map`, ... of each. Positives
/// that a ranking lacks count as if they came last; a ranking with none counts as 0. It runs no
/// model.
class ReciprocalRankFusionEvaluator {
 public:
  /// The same queries in the same order; the positives are the dense samples'. `at_k`: how many
  /// places `mrr` and `ndcg` look at.
  ReciprocalRankFusionEvaluator(std::vector<RankedSample> dense_samples,
                                std::vector<RankedSample> sparse_samples, int64_t at_k = 10,
                                int64_t rrf_k = 60, EvaluatorOptions options = {});
  /// Judges the rankings; csv files as with other evaluators. Throws std::invalid_argument for a
  /// ranking of one document, which has no order.
  Metrics operator()(const EvaluationContext& context = {}) const;
  /// The fusion's `ndcg`.
  std::string primary_metric(const Metrics& results) const;

 private:
  std::vector<RankedSample> dense_, sparse_;
  int64_t at_k_, rrf_k_;
  EvaluatorOptions options_;
};

/// What ParaphraseMiningEvaluator counts as a duplicate, and how it searches.
struct ParaphraseMiningEvaluatorOptions {
  /// Duplicates of a duplicate are duplicates.
  bool add_transitive_closure = false;
  util::ParaphraseMiningOptions mining = {};  ///< as for util::paraphrase_mining
};

/// The duplicates found among all sentences: `average_precision`, and `f1`, `precision`, `recall`
/// at the best `threshold`. A pair with an id that no sentence has is left out.
class ParaphraseMiningEvaluator : public SentenceEvaluator {
 public:
  /// `duplicates`: pairs of the sentences' ids, in either order.
  ParaphraseMiningEvaluator(TextsById sentences,
                            std::vector<std::pair<std::string, std::string>> duplicates,
                            ParaphraseMiningEvaluatorOptions mining = {},
                            EvaluatorOptions options = {.batch_size = 16});
  /// Mines pairs by util::paraphrase_mining and compares them with the known ones.
  Metrics operator()(const SentenceTransformer& model,
                     const EvaluationContext& context = {}) const override;
  std::string primary_metric(const Metrics& results) const override;

 private:
  std::vector<std::string> sentences_;
  std::set<std::pair<int64_t, int64_t>> duplicates_;  // places in sentences_, the smaller first
  ParaphraseMiningEvaluatorOptions mining_;
  EvaluatorOptions options_;
};

}  // namespace sentence_transformers
#pragma GCC visibility pop
