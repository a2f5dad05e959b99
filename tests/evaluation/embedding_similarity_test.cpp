// EmbeddingSimilarityEvaluator against Python's.
#include "evaluation/golden_evaluation.h"

namespace sentence_transformers {
namespace {

using test::Strings;

TEST(EmbeddingSimilarityEvaluator, EqualsPython) {
  const auto& golden = test::golden_evaluation()["embedding_similarity"];
  for (const auto& c : golden["cases"]) {
    const EmbeddingSimilarityEvaluator evaluator(
        golden["sentences1"].get<Strings>(), golden["sentences2"].get<Strings>(),
        golden["scores"].get<std::vector<double>>(), test::options_of(c["options"]));
    test::expect_case(evaluator, test::tiny_model(), c);
  }
}

TEST(EmbeddingSimilarityEvaluator, QuantizedPrecisions) {
  const auto& golden = test::golden_evaluation()["embedding_similarity"];
  for (const Precision precision : {Precision::int8, Precision::uint8}) {
    const EmbeddingSimilarityEvaluator evaluator(
        golden["sentences1"].get<Strings>(), golden["sentences2"].get<Strings>(),
        golden["scores"].get<std::vector<double>>(),
        {.similarities = {SimilarityFunction::euclidean}, .precision = precision});
    const test::TempDir dir;
    const Metrics metrics = evaluator(test::tiny_model(), {.output_path = dir.path()});
    // Steps are small: nearly the values of float32, but not them.
    EXPECT_NEAR(metrics.at("pearson_euclidean"), 0.2679, 0.03);
    EXPECT_GT(std::abs(metrics.at("pearson_euclidean") - 0.26793), 1e-6);
    const char* name = precision == Precision::int8 ? "int8" : "uint8";
    EXPECT_TRUE(std::filesystem::exists(
        dir.path() / ("similarity_evaluation_" + std::string(name) + "_results.csv")));
  }
}

TEST(EmbeddingSimilarityEvaluator, OfADataset) {
  const ListDataset pairs({{{"a dog", "a cat"}, {0.5f}},
                           {{"the sun", "the weather"}, {0.75f}},
                           {{"he", "food"}, {0.0f}}});
  const Metrics metrics = EmbeddingSimilarityEvaluator(pairs)(test::tiny_model());
  const Metrics expected =
      EmbeddingSimilarityEvaluator({"a dog", "the sun", "he"}, {"a cat", "the weather", "food"},
                                   {0.5, 0.75, 0})(test::tiny_model());
  EXPECT_EQ(metrics, expected);
  EXPECT_EQ(metrics.size(), 2u);
  for (const Example& bad : {Example{{"one"}, {1}}, Example{{"a", "b"}},
                             Example{{"a", "b"}, {1, 0}}, Example{{"a", "b", "c"}, {1}}}) {
    EXPECT_THROWS(std::invalid_argument, EmbeddingSimilarityEvaluator(ListDataset({bad})),
                  "[EmbeddingSimilarityEvaluator]", "2 texts and 1 label",
                  std::to_string(bad.texts.size()) + " and " + std::to_string(bad.labels.size()));
  }
}

TEST(EmbeddingSimilarityEvaluator, EqualGoldScoresHaveNoCorrelation) {
  const Metrics metrics = EmbeddingSimilarityEvaluator({"a", "b", "the"}, {"he", "cat", "dog"},
                                                       {1, 1, 1})(test::tiny_model());
  EXPECT_TRUE(std::isnan(metrics.at("pearson_cosine")));
  EXPECT_TRUE(std::isnan(metrics.at("spearman_cosine")));
}

TEST(EmbeddingSimilarityEvaluator, BadInput) {
  EXPECT_THROWS(std::invalid_argument, EmbeddingSimilarityEvaluator({"a", "b"}, {"a"}, {1, 2}),
                "[EmbeddingSimilarityEvaluator]", "2 sentences1 and 1 sentences2");
  EXPECT_THROWS(std::invalid_argument, EmbeddingSimilarityEvaluator({"a"}, {"a"}, {1, 2}),
                "1 sentences1 and 2 scores");
  EXPECT_THROWS(std::invalid_argument, EmbeddingSimilarityEvaluator({}, {}, {}), "empty");
  EXPECT_THROWS(std::invalid_argument, EmbeddingSimilarityEvaluator({"a"}, {"b"}, {1}),
                "at least 2 pairs");
  EXPECT_THROWS(std::invalid_argument,
                EmbeddingSimilarityEvaluator({"a", "b"}, {"a", "b"}, {1, 2},
                                             {.similarities = {SimilarityFunction::dot},
                                              .main_similarity = SimilarityFunction::cosine}),
                "main_similarity is cosine");
}

TEST(EmbeddingSimilarityEvaluator, PrimaryMetricOfOtherResults) {
  const EmbeddingSimilarityEvaluator evaluator({"a", "b"}, {"a", "b"}, {1, 2}, {.name = "x"});
  EXPECT_EQ(evaluator.primary_metric({{"x_spearman_dot", 1}}), "x_spearman_dot");
  EXPECT_THROWS(std::invalid_argument, evaluator.primary_metric({{"spearman_dot", 1}}),
                "[Evaluator::primary_metric]", "x_spearman_cosine");
}

}  // namespace
}  // namespace sentence_transformers
