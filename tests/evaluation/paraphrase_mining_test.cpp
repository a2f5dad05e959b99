// ParaphraseMiningEvaluator against Python's.
#include "evaluation/golden_evaluation.h"

namespace sentence_transformers {
namespace {

using nlohmann::json;
using Pairs = std::vector<std::pair<std::string, std::string>>;

TEST(ParaphraseMiningEvaluator, EqualsPython) {
  const json& golden = test::golden_evaluation()["paraphrase_mining"];
  TextsById sentences;
  for (size_t i = 0; i < golden["ids"].size(); ++i) {
    sentences.emplace_back(golden["ids"][i], golden["sentences"][i]);
  }
  for (const json& c : golden["cases"]) {
    const json& python = c["options"];
    ParaphraseMiningEvaluatorOptions mining;
    mining.add_transitive_closure = python.value("add_transitive_closure", false);
    auto& sizes = mining.mining;
    sizes.top_k = python.value("top_k", sizes.top_k);
    sizes.max_pairs = python.value("max_pairs", sizes.max_pairs);
    sizes.query_chunk_size = python.value("query_chunk_size", sizes.query_chunk_size);
    sizes.corpus_chunk_size = python.value("corpus_chunk_size", sizes.corpus_chunk_size);
    const Pairs duplicates =
        c.contains("no_duplicates") ? Pairs{} : golden["duplicates"].get<Pairs>();
    const ParaphraseMiningEvaluator evaluator(sentences, duplicates, mining,
                                              test::options_of(python));
    test::expect_case(evaluator, test::tiny_model(), c);
  }
}

TEST(ParaphraseMiningEvaluator, EqualScoresAreOneStep) {
  // Two pairs of equal texts, both at distance 0; one of them is known. A threshold takes in both.
  const ParaphraseMiningEvaluator evaluator(
      {{"1", "a dog"}, {"2", "a dog"}, {"3", "the weather"}, {"4", "the weather"}}, {{"3", "4"}},
      {.mining = {.score_function = util::manhattan_sim}});
  const Metrics metrics = evaluator(test::tiny_model());
  EXPECT_EQ(metrics.at("average_precision"), 0.5);
  EXPECT_EQ(metrics.at("precision"), 0.5);
  EXPECT_EQ(metrics.at("recall"), 1);
}

TEST(ParaphraseMiningEvaluator, BadInput) {
  EXPECT_THROWS(std::invalid_argument, ParaphraseMiningEvaluator({}, {}),
                "[ParaphraseMiningEvaluator]", "sentences is empty");
  EXPECT_THROWS(std::invalid_argument, ParaphraseMiningEvaluator({{"x", "a"}, {"x", "b"}}, {}),
                "\"x\" comes twice");
}

}  // namespace
}  // namespace sentence_transformers
