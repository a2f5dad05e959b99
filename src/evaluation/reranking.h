// Each query's documents ordered by scores, and the order judged.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "evaluation/report.h"

namespace sentence_transformers {

struct RankingScores {
  double map = 0, mrr = 0, ndcg = 0;
};

/// Which of equal scores counts as first for MRR; MAP and NDCG do not depend on it.
enum class TieOrder { earlier_first, later_first };

/// Throws std::invalid_argument for a single document, or scores that are not finite.
RankingScores judge_ranking(const std::vector<int>& relevant, const std::vector<float>& scores,
                            int64_t k, TieOrder ties);
/// Of documents in the order they have. Positives that are missing among them come after them; none
/// among them count as 0. Throws as judge_ranking.
RankingScores judge_as_ranked(std::vector<int> relevant, size_t positives, int64_t k);
/// The mean over queries.
RankingScores mean_of(const std::vector<RankingScores>& queries);
/// Columns MAP, MRR@k, NDCG@k, and keys map, mrr@k, ndcg@k, each behind what is given.
void add_ranking(Report& report, const RankingScores& scores, int64_t k,
                 const std::string& column = "", const std::string& key = "");

/// What a cross-encoder is asked about one sample: nothing, if none of the documents is relevant.
struct RerankingTask {
  std::vector<std::string> documents;
  std::vector<int> relevant;
  std::optional<RankingScores> base;  ///< of the sample's first ranking, if it has one
};
/// Throws std::invalid_argument for a sample with both `negative` and `documents`, or with a single
/// document.
RerankingTask reranking_task(const RerankingSample& sample, int64_t k,
                             bool always_rerank_positives);
/// scores: of all tasks' documents, one task after the other.
Report reranking_report(const std::vector<RerankingTask>& tasks, const std::vector<float>& scores,
                        int64_t k);

}  // namespace sentence_transformers
