// MSEEvaluator against Python's.
#include "evaluation/golden_evaluation.h"

namespace sentence_transformers {
namespace {

using test::Strings;

TEST(MSEEvaluator, EqualsPython) {
  const auto& golden = test::golden_evaluation()["mse"];
  for (const auto& c : golden["cases"]) {
    const MSEEvaluator evaluator(golden["source"].get<Strings>(), golden["target"].get<Strings>(),
                                 test::tiny_model(), test::options_of(c["options"]));
    test::expect_case(evaluator, test::tiny_model(), c);
  }
}

TEST(MSEEvaluator, BadInput) {
  EXPECT_THROWS(std::invalid_argument, MSEEvaluator({"a"}, {"a", "b"}, test::tiny_model()),
                "[MSEEvaluator]", "1 source_sentences and 2 target_sentences");
  const MSEEvaluator evaluator({"a"}, {"b"}, test::tiny_model());
  const SentenceTransformer small(test::golden("tiny_bert").string(),
                                  {.device = "cpu", .truncate_dim = 8});
  EXPECT_THROWS(std::invalid_argument, evaluator(small), "[1, 32]", "[1, 8]");
}

}  // namespace
}  // namespace sentence_transformers
