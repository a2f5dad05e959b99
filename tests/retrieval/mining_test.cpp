// Duplicates and clusters against brute force and hand-made inputs.
#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <sentence_transformers/retrieval.h>

#include <cmath>
#include <set>
#include <string>

#include "support.h"

namespace sentence_transformers::util {
namespace {

TEST(ParaphraseMining, FindsEachPairOnce) {
  at::manual_seed(7);
  const at::Tensor x = at::randn({30, 8});
  const at::Tensor scores = cos_sim(x, x);
  for (const ParaphraseMiningOptions& options :
       {ParaphraseMiningOptions{},
        ParaphraseMiningOptions{.query_chunk_size = 7, .corpus_chunk_size = 11}}) {
    const auto pairs = paraphrase_mining_embeddings(x, options);
    ASSERT_EQ(pairs.size(), 30u * 29 / 2);
    std::set<std::pair<int64_t, int64_t>> seen;
    for (size_t k = 0; k < pairs.size(); ++k) {
      const auto& [score, i, j] = pairs[k];
      EXPECT_LT(i, j);
      EXPECT_TRUE(seen.emplace(i, j).second);
      EXPECT_NEAR(score, scores[i][j].item<float>(), 1e-5);
      EXPECT_LE(score, pairs[k > 0 ? k - 1 : 0].score);
    }
  }
}

TEST(ParaphraseMining, KeepsTheBestPairs) {
  at::manual_seed(7);
  const at::Tensor x = at::randn({40, 8});
  const auto all = paraphrase_mining_embeddings(x);
  const auto best = paraphrase_mining_embeddings(x, {.query_chunk_size = 3, .max_pairs = 9});
  ASSERT_EQ(best.size(), 9u);
  for (size_t k = 0; k < best.size(); ++k) {
    EXPECT_EQ(best[k].i, all[k].i);
    EXPECT_EQ(best[k].j, all[k].j);
  }
}

TEST(ParaphraseMining, TheTextItselfIsNoNeighbour) {
  const at::Tensor x = at::tensor({1.f, 0.f, 1.f, 0.f, 0.f, 1.f}).view({3, 2});
  const auto pairs = paraphrase_mining_embeddings(x, {.top_k = 1});
  ASSERT_FALSE(pairs.empty());
  EXPECT_EQ(pairs[0].i, 0);
  EXPECT_EQ(pairs[0].j, 1);
  EXPECT_NEAR(pairs[0].score, 1, 1e-6);
}

TEST(ParaphraseMining, TheLargestNumbersDoNotOverflow) {
  at::manual_seed(7);
  const at::Tensor x = at::randn({30, 8});
  const auto found = paraphrase_mining_embeddings(x, {.query_chunk_size = INT64_MAX,
                                                      .corpus_chunk_size = INT64_MAX,
                                                      .max_pairs = INT64_MAX,
                                                      .top_k = INT64_MAX});
  const auto wanted = paraphrase_mining_embeddings(x);
  ASSERT_EQ(found.size(), wanted.size());
  for (size_t k = 0; k < found.size(); ++k) {
    EXPECT_EQ(found[k].i, wanted[k].i);
    EXPECT_EQ(found[k].j, wanted[k].j);
  }
  EXPECT_EQ(paraphrase_mining_embeddings(x, {.corpus_chunk_size = 7, .top_k = INT64_MAX}).size(),
            wanted.size());
}

TEST(ParaphraseMining, ANanIsInNoPair) {
  at::manual_seed(7);
  at::Tensor x = at::randn({30, 8});
  x[4].fill_(NAN);
  x[20][1] = INFINITY;
  for (const int64_t chunk : {7, 100000}) {
    for (const int64_t top_k : {2, 100}) {
      const auto found = paraphrase_mining_embeddings(
          x, {.query_chunk_size = 5, .corpus_chunk_size = chunk, .top_k = top_k});
      EXPECT_EQ(found.size() == 28u * 27 / 2, top_k == 100);
      EXPECT_GE(found.size(), 28u);
      for (size_t k = 0; k < found.size(); ++k) {
        EXPECT_TRUE(std::isfinite(found[k].score));
        EXPECT_TRUE(found[k].i != 4 && found[k].j != 4 && found[k].i != 20 && found[k].j != 20);
        EXPECT_LE(found[k].score, found[k > 0 ? k - 1 : 0].score);
      }
    }
  }
}

TEST(ParaphraseMining, FewTexts) {
  at::manual_seed(7);
  EXPECT_TRUE(paraphrase_mining_embeddings(at::empty({0, 4})).empty());
  EXPECT_TRUE(paraphrase_mining_embeddings(at::randn({1, 4})).empty());
}

TEST(ParaphraseMining, Mistakes) {
  at::manual_seed(7);
  const at::Tensor x = at::randn({3, 8});
  const auto mine = [&](const ParaphraseMiningOptions& options) {
    paraphrase_mining_embeddings(x, options);
  };
  EXPECT_THROWS(std::invalid_argument, mine({.query_chunk_size = 0}), "query_chunk_size");
  EXPECT_THROWS(std::invalid_argument, mine({.corpus_chunk_size = 0}), "corpus_chunk_size");
  EXPECT_THROWS(std::invalid_argument, mine({.max_pairs = 0}), "max_pairs");
  EXPECT_THROWS(std::invalid_argument, mine({.top_k = 0}), "top_k");
  EXPECT_THROWS(std::invalid_argument, mine({.score_function = nullptr}), "no score_function");
  const ScoreFunction wrong = [](const at::Tensor& a, const at::Tensor&) { return a; };
  EXPECT_THROWS(std::invalid_argument, mine({.score_function = wrong}), "must return scores");
  EXPECT_THROW(paraphrase_mining_embeddings(at::ones({2, 2, 2})), std::invalid_argument);
}

TEST(ParaphraseMining, TextsAreEncodedFirst) {
  MODEL_OR_SKIP();
  const SentenceTransformer model(test::model_folder());
  const std::vector<std::string> texts = {"The cat sits outside", "A man is playing guitar",
                                          "The new movie is awesome", "The new movie is so great"};
  const auto pairs = paraphrase_mining(model, texts);
  ASSERT_EQ(pairs.size(), 6u);
  EXPECT_EQ(pairs[0].i, 2);
  EXPECT_EQ(pairs[0].j, 3);
  EXPECT_GT(pairs[0].score, 0.8);
}

TEST(CommunityDetection, FindsTheGroups) {
  const at::Tensor x = at::tensor({1.f, 0.f, 0.99f, 0.05f, 0.98f, -0.1f, 0.f, 1.f, 0.06f, 0.99f,
                                   -1.f, 0.02f, 0.7f, 0.7f})
                           .view({7, 2});
  const auto found = community_detection(x, {.threshold = 0.9f, .min_community_size = 2});
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0], (std::vector<int64_t>{0, 1, 2}));
  EXPECT_EQ(found[1], (std::vector<int64_t>{3, 4}));
}

// sentence-transformers' own test: the window has to grow to the whole list.
TEST(CommunityDetection, EqualRowsAreOneGroup) {
  const auto found = community_detection(at::ones({200, 3}), {.threshold = 0.99f});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].size(), 200u);
  EXPECT_EQ(std::set<int64_t>(found[0].begin(), found[0].end()).size(), 200u);
  EXPECT_EQ(found[0][0], 0);
}

TEST(CommunityDetection, TheThresholdBelongsToTheGroup) {
  const at::Tensor x = at::zeros({200, 4}).index_fill(1, at::tensor({2}, at::kLong), 1);
  const auto found = community_detection(x, {.threshold = 1.0f});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].size(), 200u);
}

TEST(CommunityDetection, GroupsDoNotOverlapAndAreLargeEnough) {
  at::manual_seed(7);
  const at::Tensor x = at::randn({300, 3});
  for (const int64_t batch_size : {1, 7, 1024}) {
    const auto found = community_detection(
        x, {.threshold = 0.9f, .min_community_size = 5, .batch_size = batch_size});
    ASSERT_FALSE(found.empty());
    const at::Tensor scores = cos_sim(x, x);
    std::set<int64_t> seen;
    size_t before = found[0].size();
    for (const auto& group : found) {
      EXPECT_GE(group.size(), 5u);
      EXPECT_LE(group.size(), before);
      before = group.size();
      for (const int64_t member : group) {
        EXPECT_TRUE(seen.insert(member).second);
        EXPECT_GE(scores[group[0]][member].item<float>(), 0.9f - 1e-5f);
      }
    }
  }
}

TEST(CommunityDetection, ANanIsInNoGroup) {
  at::Tensor x = at::ones({40, 4}, at::kFloat);
  x[3].fill_(NAN);
  x[9][1] = INFINITY;
  for (const int64_t least : {2, 38}) {
    const auto found =
        community_detection(x, {.threshold = 0.9f, .min_community_size = least, .batch_size = 7});
    ASSERT_EQ(found.size(), 1u);
    const std::set<int64_t> members(found[0].begin(), found[0].end());
    EXPECT_EQ(members.size(), 38u);
    EXPECT_FALSE(members.count(3) || members.count(9));
  }
  EXPECT_TRUE(community_detection(x, {.threshold = 0.9f, .min_community_size = 39}).empty());
}

TEST(CommunityDetection, FewTexts) {
  at::manual_seed(7);
  EXPECT_TRUE(community_detection(at::empty({0, 4})).empty());
  EXPECT_TRUE(community_detection(at::randn({9, 4})).empty());
  EXPECT_EQ(community_detection(at::ones({4}), {.min_community_size = 1}),
            (std::vector<std::vector<int64_t>>{{0}}));
}

TEST(CommunityDetection, Mistakes) {
  EXPECT_THROW(community_detection(at::ones({2, 2}), {.min_community_size = 0}),
               std::invalid_argument);
  EXPECT_THROW(community_detection(at::ones({2, 2}), {.batch_size = 0}), std::invalid_argument);
  EXPECT_THROW(community_detection(at::ones({2, 2, 2})), std::invalid_argument);
  EXPECT_THROW(community_detection(at::ones({2, 2}, at::kInt)), std::invalid_argument);
}

}  // namespace
}  // namespace sentence_transformers::util
