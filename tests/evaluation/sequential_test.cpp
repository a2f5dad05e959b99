// SequentialEvaluator: results side by side, and the score of them all.
#include "evaluation/golden_evaluation.h"

namespace sentence_transformers {
namespace {

/// Says what it is told to say.
class Given : public SentenceEvaluator {
 public:
  Given(Metrics metrics, std::string primary)
      : metrics_(std::move(metrics)), primary_(std::move(primary)) {}
  Metrics operator()(const SentenceTransformer&, const EvaluationContext& context) const override {
    Metrics metrics = metrics_;
    metrics["steps"] = static_cast<double>(context.steps);
    return metrics;
  }
  std::string primary_metric(const Metrics&) const override { return primary_; }

 private:
  Metrics metrics_;
  std::string primary_;
};

const auto a = std::make_shared<Given>(Metrics{{"a", 0.5}, {"both", 1}}, "a");
const auto b = std::make_shared<Given>(Metrics{{"b", 0.25}, {"both", 2}}, "b");

TEST(SequentialEvaluator, TheLastOneCounts) {
  const SequentialEvaluator evaluator({a, b});
  const Metrics metrics = evaluator(test::tiny_model(), {.steps = 3});
  EXPECT_EQ(
      metrics,
      (Metrics{{"a", 0.5}, {"b", 0.25}, {"both", 2}, {"sequential_score", 0.25}, {"steps", 3}}));
  EXPECT_EQ(evaluator.primary_metric(metrics), "sequential_score");
}

TEST(SequentialEvaluator, OwnScore) {
  const auto mean = [](const std::vector<double>& scores) { return (scores[0] + scores[1]) / 2; };
  EXPECT_EQ(SequentialEvaluator({a, b}, mean)(test::tiny_model()).at("sequential_score"), 0.375);
}

TEST(SequentialEvaluator, NoneAtAll) {
  EXPECT_EQ(SequentialEvaluator({})(test::tiny_model()), (Metrics{{"sequential_score", 0}}));
}

TEST(SequentialEvaluator, BadInput) {
  EXPECT_THROWS(std::invalid_argument, SequentialEvaluator({a, nullptr}), "null pointer");
  const SequentialEvaluator evaluator({std::make_shared<Given>(Metrics{{"a", 1}}, "x")});
  EXPECT_THROWS(std::invalid_argument, evaluator(test::tiny_model()), "[SequentialEvaluator]",
                "\"x\"");
}

}  // namespace
}  // namespace sentence_transformers
