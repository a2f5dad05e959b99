// InformationRetrievalEvaluator against Python's.
#include "evaluation/golden_evaluation.h"

namespace sentence_transformers {
namespace {

using nlohmann::json;
using Relevant = std::map<std::string, std::set<std::string>>;

TextsById texts_by_id(const json& object) {
  TextsById texts;
  for (const auto& [id, text] : object.items()) texts.emplace_back(id, text);
  return texts;
}

TEST(InformationRetrievalEvaluator, EqualsPython) {
  const json& golden = test::golden_evaluation()["information_retrieval"];
  for (const json& c : golden["cases"]) {
    const json& python = c["options"];
    InformationRetrievalOptions retrieval;
    retrieval.corpus_chunk_size = python.value("corpus_chunk_size", retrieval.corpus_chunk_size);
    const auto set = [&](const char* key, auto& value) {
      using T = std::decay_t<decltype(value)>;
      if (python.contains(key)) value = python[key].get<typename T::value_type>();
    };
    set("query_prompt", retrieval.query_prompt);
    set("corpus_prompt", retrieval.corpus_prompt);
    const auto set_list = [&](const char* key, std::vector<int64_t>& value) {
      if (python.contains(key)) value = python[key].get<std::vector<int64_t>>();
    };
    set_list("accuracy_at_k", retrieval.accuracy_at_k);
    set_list("precision_recall_at_k", retrieval.precision_recall_at_k);
    set_list("mrr_at_k", retrieval.mrr_at_k);
    set_list("ndcg_at_k", retrieval.ndcg_at_k);
    set_list("map_at_k", retrieval.map_at_k);
    const InformationRetrievalEvaluator evaluator(
        texts_by_id(golden["queries"]), texts_by_id(golden["corpus"]),
        c["relevant_docs"].get<Relevant>(), retrieval, test::options_of(python));
    test::expect_case(evaluator, test::tiny_model(), c);
  }
}

TEST(InformationRetrievalEvaluator, EqualScoresAreOrderedByIdWhateverTheChunks) {
  // Five equal texts; Manhattan distances of equal rows are equal to the bit.
  const TextsById corpus = {
      {"e", "a cat"}, {"b", "a cat"}, {"d", "a cat"}, {"a", "a cat"}, {"c", "a cat"}};
  for (const int64_t chunk : {1, 2, 50}) {
    const InformationRetrievalEvaluator evaluator(
        {{"q", "a dog"}}, corpus, {{"q", {"c", "e"}}},
        {.corpus_chunk_size = chunk, .mrr_at_k = {2, 10}, .precision_recall_at_k = {3}},
        {.similarities = {SimilarityFunction::manhattan}});
    const Metrics metrics = evaluator(test::tiny_model());
    EXPECT_EQ(metrics.at("manhattan_mrr@2"), 0);
    EXPECT_EQ(metrics.at("manhattan_mrr@10"), 1.0 / 3);
    EXPECT_EQ(metrics.at("manhattan_recall@3"), 0.5);
    EXPECT_EQ(metrics.at("manhattan_map@100"), (1.0 / 3 + 2.0 / 5) / 2);
  }
}

TEST(InformationRetrievalEvaluator, PromptNamesReachTheModel) {
  const InformationRetrievalEvaluator evaluator({{"q", "a dog"}}, {{"d", "a cat"}}, {{"q", {"d"}}},
                                                {.query_prompt_name = "no such"});
  EXPECT_THROWS(std::invalid_argument, evaluator(test::tiny_model()), "no such");
  const InformationRetrievalEvaluator other({{"q", "a dog"}}, {{"d", "a cat"}}, {{"q", {"d"}}},
                                            {.corpus_prompt_name = "no such"});
  EXPECT_THROWS(std::invalid_argument, other(test::tiny_model()), "no such");
}

TEST(InformationRetrievalEvaluator, PrimaryMetricIsTheBestSimilarity) {
  const InformationRetrievalEvaluator evaluator({{"q", "a"}}, {{"d", "b"}}, {{"q", {"d"}}},
                                                {.ndcg_at_k = {3, 7}}, {.name = "x"});
  EXPECT_EQ(evaluator.primary_metric({{"x_cosine_ndcg@7", 0.5}, {"x_dot_ndcg@7", 0.6}}),
            "x_dot_ndcg@7");
  EXPECT_EQ(evaluator.primary_metric({{"x_cosine_ndcg@7", 0.6}, {"x_dot_ndcg@7", 0.6}}),
            "x_cosine_ndcg@7");
  EXPECT_THROWS(std::invalid_argument, evaluator.primary_metric({}), "x_cosine_ndcg@7");
}

TEST(InformationRetrievalEvaluator, BadInput) {
  const TextsById one = {{"x", "a"}};
  const Relevant relevant = {{"x", {"x"}}};
  const auto make = [&](const TextsById& queries, const TextsById& corpus, const Relevant& wanted,
                        const InformationRetrievalOptions& retrieval = {},
                        const EvaluatorOptions& options = {}) {
    return InformationRetrievalEvaluator(queries, corpus, wanted, retrieval, options);
  };
  EXPECT_THROWS(std::invalid_argument, make({{"x", "a"}, {"x", "b"}}, one, relevant),
                "[InformationRetrievalEvaluator]", "\"x\" comes twice in queries");
  EXPECT_THROWS(std::invalid_argument, make(one, {{"x", "a"}, {"x", "b"}}, relevant),
                "\"x\" comes twice in corpus");
  EXPECT_THROWS(std::invalid_argument, make(one, one, {{"x", {}}, {"y", {"x"}}}),
                "no query has relevant documents");
  EXPECT_THROWS(std::invalid_argument, make(one, {}, relevant), "corpus is empty");
  EXPECT_THROWS(std::invalid_argument, make(one, one, relevant, {.corpus_chunk_size = 0}),
                "corpus_chunk_size is 0");
  EXPECT_THROWS(std::invalid_argument, make(one, one, relevant, {.ndcg_at_k = {}}),
                "ndcg_at_k is empty");
  EXPECT_THROWS(std::invalid_argument, make(one, one, relevant, {.map_at_k = {10, -1}}),
                "map_at_k is -1");
  EXPECT_THROWS(std::invalid_argument,
                make(one, one, relevant, {},
                     {.similarities = {SimilarityFunction::dot},
                      .main_similarity = SimilarityFunction::cosine}),
                "main_similarity");
}

}  // namespace
}  // namespace sentence_transformers
