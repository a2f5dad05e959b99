// Two rankings and their fusion, judged. Port of
// sparse_encoder/evaluation/reciprocal_rank_fusion.py (6.2.0).
#include <sentence_transformers/retrieval_evaluators.h>

#include <algorithm>
#include <stdexcept>
#include <unordered_map>

#include "evaluation/common.h"
#include "evaluation/reranking.h"

namespace sentence_transformers {
namespace {

constexpr const char* kFusionName = "ReciprocalRankFusionEvaluator";

RankingScores judge_documents(const std::vector<std::string>& documents,
                              const std::vector<std::string>& positive, int64_t k) {
  std::vector<int> relevant;
  for (const std::string& document : documents) {
    relevant.push_back(std::find(positive.begin(), positive.end(), document) != positive.end());
  }
  return judge_as_ranked(std::move(relevant), positive.size(), k);
}

/// By the sum of 1 / (rrf_k + rank) over both; equal sums in the order of first appearance. Of a
/// document that a ranking has twice the last rank counts.
std::vector<std::string> fuse(const std::vector<std::string>& dense,
                              const std::vector<std::string>& sparse, int64_t rrf_k) {
  std::vector<std::string> documents;
  std::unordered_map<std::string, std::pair<double, double>> parts;
  const auto add = [&](const std::vector<std::string>& ranking, auto part) {
    for (size_t i = 0; i < ranking.size(); ++i) {
      const auto [found, is_new] = parts.emplace(ranking[i], std::pair(0.0, 0.0));
      if (is_new) documents.push_back(ranking[i]);
      found->second.*part = 1 / static_cast<double>(rrf_k + static_cast<int64_t>(i) + 1);
    }
  };
  add(dense, &std::pair<double, double>::first);
  add(sparse, &std::pair<double, double>::second);
  const auto score = [&](const std::string& document) {
    const auto& [first, second] = parts.at(document);
    return first + second;
  };
  std::stable_sort(documents.begin(), documents.end(),
                   [&](const std::string& a, const std::string& b) { return score(a) > score(b); });
  return documents;
}

}  // namespace

ReciprocalRankFusionEvaluator::ReciprocalRankFusionEvaluator(
    std::vector<RankedSample> dense_samples, std::vector<RankedSample> sparse_samples, int64_t at_k,
    int64_t rrf_k, EvaluatorOptions options)
    : dense_(std::move(dense_samples)),
      sparse_(std::move(sparse_samples)),
      at_k_(at_k),
      rrf_k_(rrf_k),
      options_(std::move(options)) {
  check_sizes(kFusionName, {{"dense_samples", dense_.size()}, {"sparse_samples", sparse_.size()}});
  check_k(kFusionName, "at_k", at_k);
  check_k(kFusionName, "rrf_k", rrf_k);
  for (size_t i = 0; i < dense_.size(); ++i) {
    if (dense_[i].query_id == sparse_[i].query_id) continue;
    throw std::invalid_argument("[" + std::string(kFusionName) +
                                "] expected the same queries in both lists, found \"" +
                                dense_[i].query_id + "\" and \"" + sparse_[i].query_id +
                                "\" at place " + std::to_string(i));
  }
}

Metrics ReciprocalRankFusionEvaluator::operator()(const EvaluationContext& context) const {
  std::vector<RankingScores> dense, sparse, fusion;
  for (size_t i = 0; i < dense_.size(); ++i) {
    const std::vector<std::string>& positive = dense_[i].positive;
    dense.push_back(judge_documents(dense_[i].documents, positive, at_k_));
    sparse.push_back(judge_documents(sparse_[i].documents, positive, at_k_));
    fusion.push_back(
        judge_documents(fuse(dense_[i].documents, sparse_[i].documents, rrf_k_), positive, at_k_));
  }
  Report report;
  add_ranking(report, mean_of(dense), at_k_, "Dense_", "dense_");
  add_ranking(report, mean_of(sparse), at_k_, "Sparse_", "sparse_");
  add_ranking(report, mean_of(fusion), at_k_, "Fusion_", "");
  return report.finish(options_, context,
                       "ReciprocalRankFusion_evaluation" + suffix(options_.name) + "_results.csv");
}

std::string ReciprocalRankFusionEvaluator::primary_metric(const Metrics&) const {
  return prefixed(options_.name, "ndcg@" + std::to_string(at_k_));
}

}  // namespace sentence_transformers
