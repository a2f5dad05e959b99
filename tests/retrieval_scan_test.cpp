#include "retrieval_scan.h"

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
      const auto found = scan(queries, corpus, cosine, k);
      ASSERT_TRUE(found);
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

TEST_F(Scan, EqualScoresComeByFallingRow) {
  const at::Tensor queries = at::ones({8, 4}), corpus = at::ones({300, 4});
  const auto found = scan(queries, corpus, false, 3);
  for (const auto& row : *found) {
    EXPECT_EQ(row, (std::vector<util::Candidate>{{4.0, 299}, {4.0, 298}, {4.0, 297}}));
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
}

TEST_F(Scan, OnlyWhatTheLoopsTake) {
  const at::Tensor queries = vectors(8, 6, 1), corpus = vectors(9, 6, 2);
  EXPECT_TRUE(util::can_scan(queries, corpus));
  EXPECT_FALSE(util::can_scan(queries.narrow(0, 0, 7), corpus));
  EXPECT_FALSE(util::can_scan(queries.to(at::kDouble), corpus));
  EXPECT_FALSE(util::can_scan(queries, vectors(6, 9, 3).t()));
  EXPECT_FALSE(util::can_scan(at::empty({8, 0}), at::empty({9, 0})));
  EXPECT_EQ(scan(queries, at::empty({0, 6}), false, 3)->size(), 8u);
  EXPECT_TRUE((*scan(queries, at::empty({0, 6}), false, 3))[0].empty());
}

}  // namespace
}  // namespace sentence_transformers::test
