// Rerankings against Python's, of a model's embeddings and of given scores.
#include "evaluation/reranking.h"

#include "evaluation/golden_evaluation.h"

namespace sentence_transformers {
namespace {

using nlohmann::json;
using test::Strings;

std::vector<RerankingSample> samples_of(const json& list) {
  std::vector<RerankingSample> samples;
  for (const json& sample : list) {
    samples.push_back({sample["query"], sample["positive"].get<Strings>(),
                       sample.value("negative", Strings{}), sample.value("documents", Strings{})});
  }
  return samples;
}

TEST(RerankingEvaluator, EqualsPython) {
  const json& golden = test::golden_evaluation()["reranking"];
  for (const json& c : golden["cases"]) {
    const json& options = c["options"];
    const bool ties = options.value("name", "") == "ties";
    const RerankingEvaluator evaluator(samples_of(golden[ties ? "ties" : "samples"]),
                                       options.value("at_k", 10), test::options_of(options));
    test::expect_case(evaluator, test::tiny_model(), c);
  }
}

TEST(RerankingEvaluator, BadInput) {
  EXPECT_THROWS(std::invalid_argument, RerankingEvaluator({{"q", {"a"}, {}}, {"q", {}, {"b"}}}),
                "[RerankingEvaluator]", "no sample has both");
  EXPECT_THROWS(std::invalid_argument, RerankingEvaluator({{"q", {"a"}, {"b"}}}, 0), "at_k is 0");
  EXPECT_THROWS(
      std::invalid_argument,
      RerankingEvaluator({{"q", {"a"}, {"b"}}}, 10,
                         {.similarities = {SimilarityFunction::dot, SimilarityFunction::cosine}}),
      "one similarity, found 2");
}

TEST(RerankingOfScores, EqualsPython) {
  int cases = 0;
  for (const json& c : test::golden_evaluation()["cross_encoder"]) {
    if (c["kind"] != "reranking") continue;
    ++cases;
    SCOPED_TRACE(c["csv_file"]);
    const json& options = c["options"];
    const int64_t k = options.value("at_k", 10);
    std::vector<RerankingTask> tasks;
    std::vector<std::pair<std::string, std::string>> asked;
    for (const RerankingSample& sample : samples_of(c["samples"])) {
      tasks.push_back(reranking_task(sample, k, options.value("always_rerank_positives", true)));
      for (const auto& text : tasks.back().documents) asked.emplace_back(sample.query, text);
    }
    EXPECT_EQ(json(asked), c["asked"]);
    const Report report = reranking_report(tasks, c["scores"].get<std::vector<float>>(), k);
    test::expect_results(c, [&](const EvaluationContext& context) {
      return report.finish({.name = c["name"]}, context, c["csv_file"]);
    });
  }
  EXPECT_EQ(cases, 3);
}

TEST(RerankingOfScores, EqualScores) {
  // MAP and NDCG do not care about the order of equal scores; MRR's is a choice.
  const auto first = judge_ranking({1, 0, 0}, {5, 5, 1}, 10, TieOrder::earlier_first);
  const auto last = judge_ranking({1, 0, 0}, {5, 5, 1}, 10, TieOrder::later_first);
  EXPECT_EQ(first.mrr, 1);
  EXPECT_EQ(last.mrr, 0.5);
  EXPECT_EQ(first.map, 0.5);
  EXPECT_EQ(last.map, 0.5);
  EXPECT_DOUBLE_EQ(first.ndcg, (1 + 1 / std::log2(3.0)) / 2);
  EXPECT_DOUBLE_EQ(last.ndcg, first.ndcg);
}

TEST(RerankingOfScores, BadInput) {
  EXPECT_THROWS(std::invalid_argument, reranking_task({"q", {"a"}, {"b"}, {"c"}}, 10, true),
                "[CrossEncoderRerankingEvaluator]", "one with both");
  EXPECT_THROWS(std::invalid_argument, reranking_task({"q", {"a"}}, 10, true),
                "at least 2 texts to rank");
  EXPECT_THROWS(std::invalid_argument, judge_ranking({1}, {1}, 10, TieOrder::earlier_first),
                "[ndcg]");
}

}  // namespace
}  // namespace sentence_transformers
