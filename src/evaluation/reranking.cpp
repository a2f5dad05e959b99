// Rerankings by embeddings, and what cross-encoders' rerankings are made of. Port of
// sentence_transformer/evaluation/reranking.py and cross_encoder/evaluation/reranking.py (6.2.0).
#include "evaluation/reranking.h"

#include <ATen/ATen.h>
#include <sentence_transformers/multi_vector_evaluators.h>
#include <sentence_transformers/sparse_evaluators.h>

#include <algorithm>
#include <numeric>
#include <stdexcept>

#include "evaluation/common.h"
#include "evaluation/compared.h"
#include "evaluation/metrics.h"
#include "evaluation/sparsity.h"

namespace sentence_transformers {
namespace {

template <class Model>
constexpr const char* kRerankingName = "RerankingEvaluator";
template <>
constexpr const char* kRerankingName<SparseEncoder> = "SparseRerankingEvaluator";
template <>
constexpr const char* kRerankingName<MultiVectorEncoder> = "MultiVectorRerankingEvaluator";

template <class T>
void append(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

/// The positives come first.
std::vector<int> relevance(size_t positives, size_t documents) {
  std::vector<int> relevant(documents, 0);
  std::fill_n(relevant.begin(), positives, 1);
  return relevant;
}

}  // namespace

RankingScores judge_as_ranked(std::vector<int> relevant, size_t positives, int64_t k) {
  const auto found = static_cast<size_t>(std::count(relevant.begin(), relevant.end(), 1));
  if (found == 0) return {};
  if (positives > found) relevant.insert(relevant.end(), positives - found, 1);
  std::vector<float> scores(relevant.size());
  std::iota(scores.rbegin(), scores.rend(), 1.0f);
  return judge_ranking(relevant, scores, k, TieOrder::earlier_first);
}

RankingScores judge_ranking(const std::vector<int>& relevant, const std::vector<float>& scores,
                            int64_t k, TieOrder ties) {
  const double gain = ndcg(relevant, scores, k);  // throws for what cannot be sorted
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), 0);
  if (ties == TieOrder::later_first) std::reverse(order.begin(), order.end());
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return scores[a] > scores[b]; });
  Ranking ranking;
  for (const size_t i : order) ranking.push_back(relevant[i] == 1);
  return {average_precision(relevant, scores), reciprocal_rank_at(ranking, k), gain};
}

RankingScores mean_of(const std::vector<RankingScores>& queries) {
  RankingScores sum;
  for (const RankingScores& query : queries) {
    sum.map += query.map;
    sum.mrr += query.mrr;
    sum.ndcg += query.ndcg;
  }
  const auto count = static_cast<double>(queries.size());
  return {sum.map / count, sum.mrr / count, sum.ndcg / count};
}

void add_ranking(Report& report, const RankingScores& scores, int64_t k, const std::string& column,
                 const std::string& key) {
  const std::string at = "@" + std::to_string(k);
  report.add(column + "MAP", key + "map", scores.map);
  report.add(column + "MRR" + at, key + "mrr" + at, scores.mrr);
  report.add(column + "NDCG" + at, key + "ndcg" + at, scores.ndcg);
}

RerankingTask reranking_task(const RerankingSample& sample, int64_t k,
                             bool always_rerank_positives) {
  if (!sample.negative.empty() && !sample.documents.empty()) {
    throw std::invalid_argument(
        "[CrossEncoderRerankingEvaluator] expected samples with negative or documents, found one "
        "with both");
  }
  const auto& positive = sample.positive;
  const auto is_positive = [&](const std::string& text) {
    return std::find(positive.begin(), positive.end(), text) != positive.end();
  };
  RerankingTask task;
  if (!sample.documents.empty()) {
    for (const auto& text : sample.documents) task.relevant.push_back(is_positive(text));
    task.base = judge_as_ranked(task.relevant, positive.size(), k);
  }
  if (!sample.documents.empty() && !always_rerank_positives) {
    task.documents = sample.documents;
  } else {
    task.documents = positive;
    append(task.documents, sample.negative);
    std::copy_if(sample.documents.begin(), sample.documents.end(),
                 std::back_inserter(task.documents), std::not_fn(is_positive));
    task.relevant = relevance(positive.size(), task.documents.size());
  }
  if (std::count(task.relevant.begin(), task.relevant.end(), 1) == 0) {
    task.documents.clear();
    task.relevant.clear();
  } else if (task.documents.size() == 1) {
    throw std::invalid_argument(
        "[CrossEncoderRerankingEvaluator] expected samples of at least 2 texts to rank, found one "
        "of 1");
  }
  return task;
}

Report reranking_report(const std::vector<RerankingTask>& tasks, const std::vector<float>& scores,
                        int64_t k) {
  std::vector<RankingScores> reranked, base;
  auto next = scores.begin();
  for (const RerankingTask& task : tasks) {
    if (task.base) base.push_back(*task.base);
    if (task.documents.empty()) {
      reranked.push_back({});
      continue;
    }
    const auto begin = next;
    next += static_cast<int64_t>(task.documents.size());
    reranked.push_back(judge_ranking(task.relevant, {begin, next}, k, TieOrder::later_first));
  }
  Report report;
  add_ranking(report, mean_of(reranked), k);
  if (!base.empty()) {
    const std::string at = "@" + std::to_string(k);
    const RankingScores means = mean_of(base);
    report.add_metric("base_map", means.map);
    report.add_metric("base_mrr" + at, means.mrr);
    report.add_metric("base_ndcg" + at, means.ndcg);
  }
  return report;
}

template <class Model>
BasicRerankingEvaluator<Model>::BasicRerankingEvaluator(std::vector<RerankingSample> samples,
                                                        int64_t at_k, EvaluatorOptions options)
    : at_k_(at_k), options_(std::move(options)) {
  for (auto& sample : samples) {
    if (!sample.positive.empty() && !sample.negative.empty()) {
      samples_.push_back(std::move(sample));
    }
  }
  if (samples_.empty()) {
    throw std::invalid_argument("[" + std::string(kRerankingName<Model>) +
                                "] no sample has both a positive and a negative");
  }
  check_k(kRerankingName<Model>, "at_k", at_k);
  check_kind<Model>(kRerankingName<Model>, options_);
  if (options_.similarities.size() > 1) {
    throw std::invalid_argument("[" + std::string(kRerankingName<Model>) +
                                "] expected one similarity, found " +
                                std::to_string(options_.similarities.size()));
  }
}

template <class Model>
Metrics BasicRerankingEvaluator<Model>::operator()(const Model& model,
                                                   const EvaluationContext& context) const {
  std::vector<std::string> queries, documents;
  for (const RerankingSample& sample : samples_) {
    queries.push_back(sample.query);
    append(documents, sample.positive);
    append(documents, sample.negative);
  }
  const auto encode = encode_options(options_, model);
  const EmbeddingsOf<Model> all_queries = model.encode_query(queries, encode);
  const EmbeddingsOf<Model> all_documents = model.encode_document(documents, encode);
  EvaluatorOptions scoring = options_;
  if (scoring.similarities.empty()) scoring.similarities = {SimilarityFunction::cosine};
  const auto score = reported_scores(scoring, model)[0].all;

  std::vector<RankingScores> judged;
  int64_t row = 0;
  for (size_t i = 0; i < samples_.size(); ++i) {
    const size_t positives = samples_[i].positive.size();
    const std::vector<int> relevant = relevance(positives, positives + samples_[i].negative.size());
    const auto count = static_cast<int64_t>(relevant.size());
    const at::Tensor scores =
        score(rows_of(all_queries, static_cast<int64_t>(i), 1), rows_of(all_documents, row, count));
    row += count;
    judged.push_back(judge_ranking(relevant, to_floats(scores), at_k_, TieOrder::earlier_first));
  }
  Report report;
  add_ranking(report, mean_of(judged), at_k_);
  SparsityReport sparsity;
  sparsity.add("query_", all_queries);
  sparsity.add("corpus_", all_documents);
  sparsity.finish(report);
  return report.finish(
      options_, context,
      "RerankingEvaluator" + suffix(options_.name) + "_results_@" + std::to_string(at_k_) + ".csv");
}

template <class Model>
std::string BasicRerankingEvaluator<Model>::primary_metric(const Metrics&) const {
  return prefixed(options_.name, "ndcg@" + std::to_string(at_k_));
}

template class BasicRerankingEvaluator<SentenceTransformer>;
template class BasicRerankingEvaluator<SparseEncoder>;
template class BasicRerankingEvaluator<MultiVectorEncoder>;

}  // namespace sentence_transformers
