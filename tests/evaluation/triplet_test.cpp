// TripletEvaluator against Python's.
#include "evaluation/golden_evaluation.h"

namespace sentence_transformers {
namespace {

using test::Strings;

TEST(TripletEvaluator, EqualsPython) {
  const auto& golden = test::golden_evaluation()["triplet"];
  for (const auto& c : golden["cases"]) {
    const auto& options = c["options"];
    const auto texts = [&](const char* name) { return golden[name].get<Strings>(); };
    if (options.contains("margin") && options["margin"].is_object()) {
      std::map<SimilarityFunction, double> margins;
      for (const auto& [name, value] : options["margin"].items()) {
        margins[parse_similarity_function(name)] = value;
      }
      test::expect_case(TripletEvaluator(texts("anchors"), texts("positives"), texts("negatives"),
                                         test::options_of(options), margins),
                        test::tiny_model(), c);
    } else {
      test::expect_case(TripletEvaluator(texts("anchors"), texts("positives"), texts("negatives"),
                                         test::options_of(options), options.value("margin", 0.0)),
                        test::tiny_model(), c);
    }
  }
}

TEST(TripletEvaluator, EquallyCloseIsNotCloser) {
  const TripletEvaluator evaluator({"a dog", "a dog"}, {"a cat", "a dog"}, {"a cat", "a cat"});
  EXPECT_EQ(evaluator(test::tiny_model()).at("cosine_accuracy"), 0.5);
}

TEST(TripletEvaluator, BadInput) {
  EXPECT_THROWS(std::invalid_argument, TripletEvaluator({"a"}, {"b"}, {}), "[TripletEvaluator]",
                "negatives is empty");
  EXPECT_THROWS(std::invalid_argument, TripletEvaluator({"a"}, {"b", "c"}, {"d"}),
                "1 anchors and 2 positives");
  EXPECT_THROWS(std::invalid_argument,
                TripletEvaluator({"a"}, {"b"}, {"c"},
                                 {.similarities = {SimilarityFunction::dot},
                                  .main_similarity = SimilarityFunction::cosine}),
                "main_similarity");
}

}  // namespace
}  // namespace sentence_transformers
