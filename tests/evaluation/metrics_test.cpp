// Metrics against scipy's, scikit-learn's and Python's evaluators' numbers on awkward inputs.
#include "evaluation/metrics.h"

#include "evaluation/golden_evaluation.h"

namespace sentence_transformers {
namespace {

using nlohmann::json;

template <class T>
std::vector<T> numbers(const json& values) {
  std::vector<T> result;
  for (const json& value : values) result.push_back(static_cast<T>(test::number(value)));
  return result;
}

std::vector<double> compute(const std::string& function, const json& a) {
  const auto list = [&](const char* key) { return numbers<int>(a.at(key)); };
  const auto scores = [&] { return numbers<float>(a.at("scores")); };
  if (function == "pearson") return {pearson(numbers<double>(a["x"]), numbers<double>(a["y"]))};
  if (function == "spearman") return {spearman(numbers<double>(a["x"]), numbers<double>(a["y"]))};
  if (function == "average_precision") return {average_precision(list("labels"), scores())};
  if (function == "ndcg") return {ndcg(list("labels"), scores(), a["k"])};
  if (function == "matthews") return {matthews(list("labels"), list("predicted"))};
  if (function == "best_accuracy") {
    const BestAccuracy best = best_accuracy(list("labels"), scores(), a["high"]);
    return {best.accuracy, best.threshold};
  }
  if (function == "best_f1") {
    const BestF1 best = best_f1(list("labels"), scores(), a["high"]);
    return {best.f1, best.precision, best.recall, best.threshold};
  }
  if (function == "f1_scores") {
    const F1Scores scores = f1_scores(list("labels"), list("predicted"));
    return {scores.macro, scores.micro, scores.weighted};
  }
  throw std::logic_error(function);
}

TEST(EvaluationMetrics, EqualPythons) {
  int throwing = 0;
  for (const json& c : test::golden_evaluation()["metrics"]) {
    const std::string function = c["function"];
    SCOPED_TRACE(c.dump());
    if (c["expected"] == "throws") {
      ++throwing;
      EXPECT_THROWS(std::invalid_argument, compute(function, c["arguments"]), "[" + function + "]");
      continue;
    }
    const auto expected = c["expected"].is_array() ? numbers<double>(c["expected"])
                                                   : std::vector{test::number(c["expected"])};
    const auto found = compute(function, c["arguments"]);
    ASSERT_EQ(found.size(), expected.size());
    for (size_t i = 0; i < found.size(); ++i) {
      if (std::isnan(expected[i])) {
        EXPECT_TRUE(std::isnan(found[i]));
      } else {
        EXPECT_NEAR(found[i], expected[i], 1e-12);
      }
    }
  }
  EXPECT_GT(throwing, 0);
}

TEST(EvaluationMetrics, ThresholdsAreFloats) {
  // The middle of 1 and its neighbour rounds to the neighbour, which must stay outside.
  const float below = std::nextafter(1.0f, 0.0f);
  EXPECT_EQ(best_accuracy({1, 0}, {1.0f, below}, true).threshold, 1.0f);
  EXPECT_EQ(best_f1({1, 0}, {1.0f, below}, true).threshold, 1.0f);
  // Nothing is alike: a threshold just outside.
  EXPECT_EQ(best_accuracy({0, 0}, {1.0f, 2.0f}, true).threshold, std::nextafter(2.0f, 3.0f));
  EXPECT_EQ(best_accuracy({0, 0}, {1.0f, 2.0f}, false).threshold, below);
}

TEST(EvaluationMetrics, BadScores) {
  for (const float bad : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
    EXPECT_THROWS(std::invalid_argument, best_accuracy({1, 0}, {bad, 1}, true), "finite");
    EXPECT_THROWS(std::invalid_argument, best_f1({1, 0}, {bad, 1}, true), "finite");
  }
}

TEST(EvaluationMetrics, Rankings) {
  const Ranking ranking = {0, 1, 0, 1};
  EXPECT_EQ(hits_at(ranking, 1), 0);
  EXPECT_EQ(hits_at(ranking, 3), 1);
  EXPECT_EQ(hits_at(ranking, 9), 2);
  EXPECT_EQ(reciprocal_rank_at(ranking, 1), 0);
  EXPECT_EQ(reciprocal_rank_at(ranking, 2), 0.5);
  EXPECT_DOUBLE_EQ(average_precision_at(ranking, 3, 10), (1.0 / 2 + 2.0 / 4) / 3);
  EXPECT_DOUBLE_EQ(average_precision_at(ranking, 3, 2), (1.0 / 2) / 2);
  EXPECT_DOUBLE_EQ(ndcg_at({1, 1}, 2, 10), 1);
  EXPECT_DOUBLE_EQ(ndcg_at(ranking, 1, 2), 1 / std::log2(3.0));
  EXPECT_EQ(ndcg_at({}, 1, 2), 0);
}

}  // namespace
}  // namespace sentence_transformers
