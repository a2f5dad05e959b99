// Search against brute force, and search, mining and clusters against Python's results.
#include <sentence_transformers/retrieval.h>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "core/heap.h"
#include "core/safetensors.h"
#include "support.h"

namespace sentence_transformers::util {
namespace {

/// The k best by `scores`; which of two that differ by rounding only comes first does not matter.
void expect_best(const std::vector<std::vector<Hit>>& found, const at::Tensor& scores, int64_t k) {
  ASSERT_EQ(static_cast<int64_t>(found.size()), scores.size(0));
  const at::Tensor values = std::get<0>(at::topk(scores, k, 1));
  for (int64_t i = 0; i < scores.size(0); ++i) {
    ASSERT_EQ(static_cast<int64_t>(found[i].size()), k);
    std::set<int64_t> seen;
    for (int64_t j = 0; j < k; ++j) {
      const auto [id, score] = found[i][j];
      EXPECT_TRUE(seen.insert(id).second);
      EXPECT_NEAR(score, values[i][j].item<float>(), 1e-5) << i << ' ' << j;
      EXPECT_NEAR(score, scores[i][id].item<float>(), 1e-5) << i << ' ' << j;
    }
  }
}

TEST(SemanticSearch, EqualsBruteForceWhateverTheChunks) {
  at::manual_seed(7);
  const at::Tensor queries = at::randn({23, 16}), corpus = at::randn({211, 16});
  const at::Tensor scores = cos_sim(queries, corpus);
  expect_best(semantic_search(queries, corpus), scores, 10);
  expect_best(semantic_search(queries, corpus, {.query_chunk_size = 5, .corpus_chunk_size = 17}),
              scores, 10);
  expect_best(semantic_search(queries, corpus, {.query_chunk_size = 1, .corpus_chunk_size = 1}),
              scores, 10);
  expect_best(semantic_search(queries, corpus, {.corpus_chunk_size = 100, .top_k = 150}), scores,
              150);
}

TEST(SemanticSearch, ScoreFunctions) {
  at::manual_seed(7);
  const at::Tensor queries = at::randn({7, 16}), corpus = at::randn({90, 16});
  const auto chunks = [](ScoreFunction function) {
    return SemanticSearchOptions{.query_chunk_size = 3,
                                 .corpus_chunk_size = 40,
                                 .top_k = 4,
                                 .score_function = std::move(function)};
  };
  expect_best(semantic_search(queries, corpus, chunks(dot_score)), dot_score(queries, corpus), 4);
  expect_best(semantic_search(queries, corpus, chunks(euclidean_sim)),
              euclidean_sim(queries, corpus), 4);
  const auto own = [](const at::Tensor& a, const at::Tensor& b) { return -dot_score(a, b); };
  expect_best(semantic_search(queries, corpus, chunks(own)), -dot_score(queries, corpus), 4);
  expect_best(semantic_search(queries, corpus, chunks(scores(SimilarityFunction::cosine))),
              cos_sim(queries, corpus), 4);
}

TEST(SemanticSearch, TypesOtherThanFloat32) {
  at::manual_seed(7);
  const at::Tensor queries = at::randn({4, 16}), corpus = at::randn({50, 16});
  for (const at::ScalarType type : {at::kHalf, at::kBFloat16, at::kDouble}) {
    const at::Tensor q = queries.to(type), c = corpus.to(type);
    expect_best(semantic_search(q, c), cos_sim(q, c), 10);
    expect_best(semantic_search(queries, c), cos_sim(queries, c), 10);
  }
}

TEST(SemanticSearch, OneQueryAndSmallCorpora) {
  at::manual_seed(7);
  const at::Tensor corpus = at::randn({3, 8});
  const auto one = semantic_search(corpus[1], corpus);
  ASSERT_EQ(one.size(), 1u);
  ASSERT_EQ(one[0].size(), 3u);
  EXPECT_EQ(one[0][0].corpus_id, 1);
  EXPECT_NEAR(one[0][0].score, 1, 1e-6);
  const auto none = semantic_search(corpus, at::empty({0, 8}));
  ASSERT_EQ(none.size(), 3u);
  EXPECT_TRUE(none[0].empty());
  EXPECT_TRUE(semantic_search(at::empty({0, 8}), corpus).empty());
}

TEST(SemanticSearch, LeavesItsInputsAlone) {
  at::manual_seed(7);
  const at::Tensor queries = at::randn({3, 8}).requires_grad_(), corpus = at::randn({9, 8});
  const at::Tensor before = corpus.clone();
  semantic_search(queries, corpus);
  EXPECT_TRUE(at::equal(corpus, before));
  EXPECT_FALSE(queries.grad().defined());
}

TEST(SemanticSearch, Mistakes) {
  at::manual_seed(7);
  const at::Tensor x = at::randn({3, 8});
  const auto search = [&](const SemanticSearchOptions& options) { semantic_search(x, x, options); };
  EXPECT_THROWS(std::invalid_argument, search({.query_chunk_size = 0}), "query_chunk_size");
  EXPECT_THROWS(std::invalid_argument, search({.corpus_chunk_size = -1}), "corpus_chunk_size");
  EXPECT_THROWS(std::invalid_argument, search({.top_k = 0}), "top_k of at least 1, found 0");
  EXPECT_THROWS(std::invalid_argument, search({.score_function = nullptr}), "no score_function");
  const ScoreFunction wrong = [](const at::Tensor& a, const at::Tensor&) { return a; };
  EXPECT_THROWS(std::invalid_argument, search({.score_function = wrong}),
                "expected scores [3, 3] of the score function, found [3, 8]");
  EXPECT_THROWS(std::invalid_argument, semantic_search(x, at::randn({3, 7})), "[3, 8] and [3, 7]");
  EXPECT_THROWS(std::invalid_argument, semantic_search(x, x[0]), "[3, 8] and [8]");
  EXPECT_THROWS(std::invalid_argument, semantic_search(at::ones({}), x), "found []");
  EXPECT_THROWS(std::invalid_argument, semantic_search(x, at::Tensor()), "found no tensor");
  EXPECT_THROW(semantic_search(x.to(at::kChar), x.to(at::kChar)), std::invalid_argument);
}

// Layouts that Python's heapq gives.
TEST(Heap, MovesAsPythonDoes) {
  const std::vector<int> items = {5, 3, 8, 1, 9, 2, 7, 3, 6, 4};
  std::vector<int> heap;
  for (const int item : items) heap_push(heap, item);
  EXPECT_EQ(heap, (std::vector<int>{1, 3, 2, 3, 4, 8, 7, 5, 6, 9}));
  EXPECT_EQ(heap_push_pop(heap, 0), 0);
  EXPECT_EQ(heap, (std::vector<int>{1, 3, 2, 3, 4, 8, 7, 5, 6, 9}));
  EXPECT_EQ(heap_push_pop(heap, 1), 1);
  EXPECT_EQ(heap, (std::vector<int>{1, 3, 2, 3, 4, 8, 7, 5, 6, 9}));
  EXPECT_EQ(heap_push_pop(heap, 5), 1);
  EXPECT_EQ(heap, (std::vector<int>{2, 3, 5, 3, 4, 8, 7, 5, 6, 9}));
  EXPECT_EQ(heap_push_pop(heap, 10), 2);
  EXPECT_EQ(heap, (std::vector<int>{3, 3, 5, 5, 4, 8, 7, 10, 6, 9}));
  EXPECT_EQ(heap_push_pop(heap, 4), 3);
  EXPECT_EQ(heap, (std::vector<int>{3, 4, 5, 5, 4, 8, 7, 10, 6, 9}));
  std::vector<int> empty;
  EXPECT_EQ(heap_push_pop(empty, 3), 3);
  EXPECT_TRUE(empty.empty());
}

ScoreFunction function_named(const std::string& name) {
  return name == "dot_score" ? dot_score : name == "euclidean_sim" ? euclidean_sim : cos_sim;
}

// Python's results on seeded inputs.
TEST(Retrieval, Golden) {
  const SafeTensors file = SafeTensors::open(test::golden("util.safetensors"));
  std::map<std::string, int> seen;
  const auto golden = test::golden_json("util_cases.json");
  for (const auto& json : golden["cases"]) {
    const std::string name = json["function"];
    const auto input = [&](size_t i) {
      return file.get("in." + json["arguments"][i].get<std::string>());
    };
    const auto& given = json["options"];
    const auto& expected = json["expected"];
    const auto score_function = function_named(given.value("score_function", "cos_sim"));
    SCOPED_TRACE(json["arguments"].dump() + given.dump());
    ++seen[name];
    if (name == "semantic_search") {
      SemanticSearchOptions options;
      options.query_chunk_size = given.value("query_chunk_size", options.query_chunk_size);
      options.corpus_chunk_size = given.value("corpus_chunk_size", options.corpus_chunk_size);
      options.top_k = given.value("top_k", options.top_k);
      options.score_function = score_function;
      const auto found = semantic_search(input(0), input(1), options);
      ASSERT_EQ(found.size(), expected.size());
      for (size_t i = 0; i < found.size(); ++i) {
        ASSERT_EQ(found[i].size(), expected[i].size());
        for (size_t j = 0; j < found[i].size(); ++j) {
          EXPECT_EQ(found[i][j].corpus_id, expected[i][j][0]);
          EXPECT_NEAR(found[i][j].score, expected[i][j][1].get<float>(), 1e-5);
        }
      }
    } else if (name == "paraphrase_mining_embeddings") {
      ParaphraseMiningOptions options;
      options.query_chunk_size = given.value("query_chunk_size", options.query_chunk_size);
      options.corpus_chunk_size = given.value("corpus_chunk_size", options.corpus_chunk_size);
      options.max_pairs = given.value("max_pairs", options.max_pairs);
      options.top_k = given.value("top_k", options.top_k);
      options.score_function = score_function;
      const auto found = paraphrase_mining_embeddings(input(0), options);
      ASSERT_EQ(found.size(), expected.size());
      for (size_t k = 0; k < found.size(); ++k) {
        EXPECT_NEAR(found[k].score, expected[k][0].get<float>(), 1e-5);
        EXPECT_EQ(found[k].i, expected[k][1]);
        EXPECT_EQ(found[k].j, expected[k][2]);
      }
    } else if (name == "community_detection") {
      CommunityDetectionOptions options;
      options.threshold = given.value("threshold", options.threshold);
      options.min_community_size = given.value("min_community_size", options.min_community_size);
      options.batch_size = given.value("batch_size", options.batch_size);
      auto found = community_detection(input(0), options);
      auto groups = expected.get<std::vector<std::vector<int64_t>>>();
      if (json["arguments"][0] == "identical") {
        // Whether all scores are equal to the last bit is up to the CPU's matrix product.
        for (auto* list : {&found, &groups}) {
          for (auto& group : *list) std::sort(group.begin(), group.end());
        }
      }
      EXPECT_EQ(found, groups);
    }
  }
  EXPECT_GE(seen["semantic_search"], 9);
  EXPECT_GE(seen["paraphrase_mining_embeddings"], 7);
  EXPECT_GE(seen["community_detection"], 11);
}

}  // namespace
}  // namespace sentence_transformers::util
