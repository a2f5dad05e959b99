// ReciprocalRankFusionEvaluator against Python's.
#include "evaluation/golden_evaluation.h"

namespace sentence_transformers {
namespace {

using nlohmann::json;
using test::Strings;

TEST(ReciprocalRankFusionEvaluator, EqualsPython) {
  const json golden = test::golden_json("sparse_evaluation.json")["reciprocal_rank_fusion"];
  const auto samples = [&](const char* name) {
    std::vector<RankedSample> found;
    for (const json& s : golden[name]) {
      found.push_back({s["query_id"], s["positive"].get<Strings>(), s["documents"].get<Strings>()});
    }
    return found;
  };
  for (const json& c : golden["cases"]) {
    const json& options = c["options"];
    const ReciprocalRankFusionEvaluator evaluator(
        samples("dense"), samples("sparse"), options.value("at_k", 10), options.value("rrf_k", 60),
        test::options_of(options));
    test::expect_results(c, [&](const EvaluationContext& context) {
      const Metrics results = evaluator(context);
      EXPECT_EQ(evaluator.primary_metric(results), c["primary_metric"]);
      return results;
    });
  }
}

TEST(ReciprocalRankFusionEvaluator, BadInput) {
  using Fusion = ReciprocalRankFusionEvaluator;
  const RankedSample one{"q", {"a"}, {"a", "b"}}, other{"p", {"a"}, {"a", "b"}};
  EXPECT_THROWS(std::invalid_argument, Fusion({one}, {}), "[ReciprocalRankFusionEvaluator]",
                "sparse_samples is empty");
  EXPECT_THROWS(std::invalid_argument, Fusion({one}, {one, other}),
                "1 dense_samples and 2 sparse_samples");
  EXPECT_THROWS(std::invalid_argument, Fusion({one}, {other}),
                "expected the same queries in both lists, found \"q\" and \"p\" at place 0");
  EXPECT_THROWS(std::invalid_argument, Fusion({one}, {one}, 0), "at_k is 0");
  EXPECT_THROWS(std::invalid_argument, Fusion({one}, {one}, 10, 0), "rrf_k is 0");
}

}  // namespace
}  // namespace sentence_transformers
