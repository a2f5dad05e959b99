// TranslationEvaluator against Python's.
#include "evaluation/golden_evaluation.h"

namespace sentence_transformers {
namespace {

using test::Strings;

TEST(TranslationEvaluator, EqualsPython) {
  const auto& golden = test::golden_evaluation()["translation"];
  for (const auto& c : golden["cases"]) {
    test::expect_case(
        TranslationEvaluator(golden["source"].get<Strings>(), golden["target"].get<Strings>(),
                             test::options_of(c["options"])),
        test::tiny_model(), c);
  }
}

TEST(TranslationEvaluator, BadInput) {
  EXPECT_THROWS(std::invalid_argument, TranslationEvaluator({"a"}, {"b", "c"}),
                "[TranslationEvaluator]", "1 source_sentences and 2 target_sentences");
  EXPECT_THROWS(std::invalid_argument, SparseTranslationEvaluator({}, {}),
                "[SparseTranslationEvaluator] source_sentences is empty");
}

}  // namespace
}  // namespace sentence_transformers
