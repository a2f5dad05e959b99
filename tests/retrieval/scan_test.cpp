#include "retrieval/scan.h"

#include <sentence_transformers/retrieval.h>

#include <cmath>

#include "kernels/kernels.h"
#include "support.h"

namespace sentence_transformers::test {
namespace {

using util::scan;

at::Tensor vectors(int64_t count, int64_t size, uint64_t seed) {
  at::manual_seed(seed);
  return at::randn({count, size});
}

class Scan : public testing::Test {
 protected:
  void SetUp() override {
    if (!kernels::best()) GTEST_SKIP() << "this run has no own loops";
  }
};

TEST_F(Scan, EqualsTheWholeProduct) {
  struct Sizes {
    int64_t queries, corpus, size, top_k;
  };
  for (const auto& [q, n, d, k] : {Sizes{8, 1, 3, 5}, Sizes{33, 500, 48, 10},
                                   Sizes{1030, 130, 16, 3}, Sizes{40, 700, 37, 700}}) {
    for (const bool cosine : {false, true}) {
      const at::Tensor queries = util::normalize_embeddings(vectors(q, d, 1));
      const at::Tensor corpus = vectors(n, d, 2);
      ASSERT_TRUE(util::can_scan(queries, corpus));
      const auto scanned = scan(queries, corpus, cosine, k);
      ASSERT_TRUE(scanned);
      EXPECT_LE(scanned->tied.size(), 5u);  // by rounding
      const auto* found = &scanned->best;
      const at::Tensor scores =
          cosine ? util::cos_sim(queries, corpus) : util::dot_score(queries, corpus);
      const auto [values, ids] = at::topk(scores, std::min(k, n), 1);
      for (int64_t i = 0; i < q; ++i) {
        const auto& row = (*found)[i];
        ASSERT_EQ(static_cast<int64_t>(row.size()), std::min(k, n));
        for (size_t j = 0; j < row.size(); ++j) {
          const int64_t place = static_cast<int64_t>(j);
          EXPECT_NEAR(row[j].first, values[i][place].item<double>(), 1e-5);
          EXPECT_NEAR(scores[i][row[j].second].item<double>(), row[j].first, 1e-5);
        }
      }
    }
  }
}

TEST_F(Scan, TellsWhichQueriesHaveEqualScores) {
  // Rows of one number each; every query sees them as they are.
  const at::Tensor queries = at::ones({8, 1});
  const auto tied = [&](const std::vector<float>& rows, int64_t top_k) {
    const auto found = scan(queries, at::tensor(rows, at::kFloat).view({-1, 1}), false, top_k);
    EXPECT_TRUE(found->tied.empty() || found->tied.size() == 8u);
    for (const auto& best : found->best) {
      EXPECT_EQ(best.size(), std::min<size_t>(rows.size(), static_cast<size_t>(top_k)));
    }
    return !found->tied.empty();
  };
  EXPECT_FALSE(tied({1, 5, 3, 4, 2}, 2));
  EXPECT_TRUE(tied({1, 5, 5, 4, 2}, 2));
  EXPECT_TRUE(tied({1, 5, 4, 4, 2}, 2));   // the second or the third
  EXPECT_FALSE(tied({1, 5, 4, 2, 2}, 2));  // below both
  EXPECT_TRUE(tied({7, 7}, 9));
  EXPECT_FALSE(tied({7, 8}, INT64_MAX));
  EXPECT_TRUE(tied({0, -0.0f}, 1));
}

TEST_F(Scan, ScoresOfAllRowsAreTheScans) {
  const at::Tensor queries = util::normalize_embeddings(vectors(11, 37, 1));
  const at::Tensor half = vectors(150, 37, 2), corpus = at::cat({half, half});
  for (const bool cosine : {false, true}) {
    at::Tensor all = at::empty({11, 300}, at::kFloat), one = at::empty({1, 300}, at::kFloat);
    util::scan_scores(queries, corpus, cosine, all);
    EXPECT_TRUE(at::equal(all.narrow(1, 0, 150), all.narrow(1, 150, 150)));
    util::scan_scores(queries.narrow(0, 3, 1), corpus, cosine, one);
    EXPECT_TRUE(at::equal(all[3], one[0]));
    const auto found = scan(queries, half, cosine, 5);
    for (size_t q = 0; q < 11; ++q) {
      for (const auto& [score, row] : found->best[q]) {
        EXPECT_EQ(score, (all[static_cast<int64_t>(q)][row].item<double>()));
      }
    }
  }
}

TEST_F(Scan, NumbersThatAreNotFiniteAreLeftToOthers) {
  for (const double bad : {std::nan(""), double{INFINITY}}) {
    at::Tensor queries = vectors(8, 5, 1), corpus = vectors(200, 5, 2);
    corpus[150][3] = bad;
    EXPECT_FALSE(scan(queries, corpus, false, 2));
    EXPECT_FALSE(scan(corpus.narrow(0, 145, 10), queries, false, 2));
    EXPECT_EQ(util::semantic_search(queries, corpus).size(), 8u);
  }
  // Finite numbers whose products are not.
  const at::Tensor large = at::full({8, 5}, 3e19f, at::kFloat), ones = at::ones({8, 5}, at::kFloat);
  EXPECT_FALSE(scan(large, ones, false, 2));
  EXPECT_FALSE(scan(ones, large, false, 2));
  EXPECT_TRUE(scan(ones, ones, false, 2));
}

TEST_F(Scan, OnlyWhatTheLoopsTake) {
  const at::Tensor queries = vectors(8, 6, 1), corpus = vectors(9, 6, 2);
  EXPECT_TRUE(util::can_scan(queries, corpus));
  EXPECT_FALSE(util::can_scan(queries.narrow(0, 0, 7), corpus));
  EXPECT_FALSE(util::can_scan(queries.to(at::kDouble), corpus));
  EXPECT_FALSE(util::can_scan(queries, vectors(6, 9, 3).t()));
  EXPECT_FALSE(util::can_scan(at::empty({8, 0}), at::empty({9, 0})));
  EXPECT_EQ(scan(queries, at::empty({0, 6}), false, 3)->best.size(), 8u);
  EXPECT_TRUE(scan(queries, at::empty({0, 6}), false, 3)->best[0].empty());
}

}  // namespace
}  // namespace sentence_transformers::test
