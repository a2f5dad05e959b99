// BinaryClassificationEvaluator against Python's.
#include "evaluation/golden_evaluation.h"

namespace sentence_transformers {
namespace {

using test::Strings;

TEST(BinaryClassificationEvaluator, EqualsPython) {
  const auto& golden = test::golden_evaluation()["binary_classification"];
  for (const auto& c : golden["cases"]) {
    const BinaryClassificationEvaluator evaluator(
        golden["sentences1"].get<Strings>(), golden["sentences2"].get<Strings>(),
        golden["labels"].get<std::vector<int>>(), test::options_of(c["options"]));
    test::expect_case(evaluator, test::tiny_model(), c);
  }
}

TEST(BinaryClassificationEvaluator, BadInput) {
  EXPECT_THROWS(std::invalid_argument, BinaryClassificationEvaluator({"a"}, {"b"}, {1, 0}),
                "[BinaryClassificationEvaluator]", "1 sentences1 and 2 labels");
  EXPECT_THROWS(std::invalid_argument, BinaryClassificationEvaluator({}, {}, {}), "empty");
  EXPECT_THROWS(std::invalid_argument, BinaryClassificationEvaluator({"a"}, {"b"}, {2}),
                "labels 0 and 1, found 2");
  EXPECT_THROWS(std::invalid_argument,
                BinaryClassificationEvaluator({"a"}, {"b"}, {1},
                                              {.similarities = {SimilarityFunction::dot},
                                               .main_similarity = SimilarityFunction::cosine}),
                "main_similarity");
}

}  // namespace
}  // namespace sentence_transformers
