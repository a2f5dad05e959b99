// The order of equal scores and of scores that are not a number, and limits of numbers.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/DefaultDtype.h>
#include <gtest/gtest.h>
#include <sentence_transformers/retrieval.h>

#include <set>
#include <string>
#include <tuple>

#include "kernels/kernels.h"

namespace sentence_transformers::util {
namespace {

std::vector<int64_t> ids_of(const std::vector<Hit>& hits) {
  std::vector<int64_t> ids;
  for (const Hit& hit : hits) ids.push_back(hit.corpus_id);
  return ids;
}

// What Python gives for equal rows; in chunks of one row only the heap decides.
TEST(SemanticSearch, TiesAsInPython) {
  const at::Tensor corpus = at::ones({12, 4}), query = at::ones({1, 4});
  EXPECT_EQ(ids_of(semantic_search(query, corpus, {.corpus_chunk_size = 1, .top_k = 3})[0]),
            (std::vector<int64_t>{9, 11, 10}));
}

/// Small whole numbers, so that dot products are exact and many are equal.
at::Tensor whole_numbers(int64_t count, int64_t rows_step, int64_t columns_step, int64_t modulus) {
  at::Tensor x = at::empty({count, 8}, at::kFloat);
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t j = 0; j < 8; ++j) {
      x[i][j] = static_cast<float>((i * rows_step + j * columns_step) % modulus - modulus / 2);
    }
  }
  return x;
}

class Threads {
 public:
  explicit Threads(int count) { at::set_num_threads(count); }
  ~Threads() { at::set_num_threads(before_); }

 private:
  const int before_ = at::get_num_threads();
};

// What sentence_transformers.util gives, for any number of queries.
TEST(SemanticSearch, EqualScoresAsInPythonForAnyNumberOfQueries) {
  struct Case {
    int64_t rows, top_k, chunk;
    std::vector<int64_t> ids;
  };
  const std::vector<Case> cases = {
      {20, 3, 500000, {12, 14, 13}},
      {15, 3, 500000, {9, 10, 11}},
      {12, 3, 5, {9, 11, 10}},
      {300, 3, 500000, {0, 1, 2}},
      {1000, 10, 500000, {0, 1, 3, 2, 6, 8, 4, 9, 5, 7}},
      {1000, 10, 300, {963, 964, 966, 965, 969, 968, 967, 974, 973, 972}}};
  for (const int threads : {1, 3}) {
    const Threads set(threads);
    for (const auto& [rows, top_k, chunk, ids] : cases) {
      for (const int64_t queries : {1, 7, 8, 9, 40, 1100}) {
        const auto found =
            semantic_search(at::ones({queries, 4}, at::kFloat), at::ones({rows, 4}, at::kFloat),
                            {.corpus_chunk_size = chunk, .top_k = top_k});
        for (const auto& hits : found) EXPECT_EQ(ids_of(hits), ids) << rows << ' ' << queries;
      }
    }
  }
}

TEST(SemanticSearch, SomeEqualScoresAsInPython) {
  const at::Tensor corpus = whole_numbers(211, 7, 3, 5);
  at::Tensor queries = at::empty({40, 8}, at::kFloat);
  for (int64_t i = 0; i < 40; ++i) {
    for (int64_t j = 0; j < 8; ++j) queries[i][j] = static_cast<float>((i * 3 + j) % 4 - 1);
  }
  const std::vector<std::tuple<int64_t, int64_t, std::vector<std::vector<int64_t>>>> cases = {
      {4, 500000, {{44, 129, 124, 134}, {61, 66, 76, 71}, {37, 147, 122, 187}, {33, 38, 173, 193}}},
      {3, 500000, {{4, 14, 9}, {1, 11, 6}, {2, 12, 7}, {3, 13, 8}}},
      {6,
       50,
       {{169, 179, 174, 209, 184, 204},
        {171, 176, 181, 206, 201, 186},
        {167, 187, 172, 202, 207, 192},
        {168, 188, 173, 203, 208, 193}}}};
  for (const auto& [top_k, chunk, ids] : cases) {
    for (const int64_t count : {4, 7, 8, 40}) {
      const auto found = semantic_search(
          queries.narrow(0, 0, count), corpus,
          {.corpus_chunk_size = chunk, .top_k = top_k, .score_function = dot_score});
      for (size_t i = 0; i < 4; ++i) EXPECT_EQ(ids_of(found[i]), ids[i]) << top_k << ' ' << count;
    }
  }
}

// Rows that are there twice, beside rows that are not.
TEST(SemanticSearch, AQuerysRowsDoNotHangOnTheOthers) {
  if (!kernels::best()) GTEST_SKIP() << "this run has no own loops";
  at::manual_seed(7);
  const at::Tensor half = at::randn({400, 48}, at::kFloat);
  const at::Tensor corpus = at::cat({half, half.narrow(0, 0, 300), half.narrow(0, 100, 50)});
  const at::Tensor queries = at::randn({100, 48}, at::kFloat);
  for (const auto& function : {cos_sim, dot_score}) {
    const SemanticSearchOptions options{.top_k = 7, .score_function = function};
    const auto all = semantic_search(queries, corpus, options);
    for (const int64_t count : {8, 9, 33}) {
      for (const int threads : {1, 3}) {
        const Threads set(threads);
        const auto some = semantic_search(queries.narrow(0, 20, count), corpus, options);
        for (int64_t i = 0; i < count; ++i) {
          EXPECT_EQ(ids_of(some[i]), ids_of(all[20 + i])) << count << ' ' << i;
        }
      }
    }
  }
}

// Rows that cannot be scaled to length 1, as a Normalize module leaves them.
TEST(SemanticSearch, ANanScoreCountsAsMinusInfinity) {
  at::manual_seed(7);
  at::Tensor corpus = at::randn({50, 8});
  corpus[7].fill_(NAN);
  corpus[30][2] = INFINITY;
  corpus[41][0] = -INFINITY;
  const at::Tensor normalized = normalize_embeddings(corpus);
  EXPECT_EQ(normalized.isnan().any(1).nonzero().view({-1}).numel(), 3);
  std::vector<int64_t> whole;
  for (int64_t i = 0; i < 50; ++i) {
    if (i != 7 && i != 30 && i != 41) whole.push_back(i);
  }
  const at::Tensor rest = corpus.index_select(0, at::tensor(whole, at::kLong));
  for (const int64_t queries : {1, 2, 9}) {
    for (const int64_t chunk : {9, 500000}) {
      for (const auto& [function, rows] : std::vector<std::pair<ScoreFunction, at::Tensor>>{
               {cos_sim, corpus}, {cos_sim, normalized}, {dot_score, normalized}}) {
        const at::Tensor q = normalize_embeddings(at::randn({queries, 8}));
        const SemanticSearchOptions options{
            .corpus_chunk_size = chunk, .top_k = 50, .score_function = function};
        const auto found = semantic_search(q, rows, options);
        const auto wanted = semantic_search(q, rest, {.top_k = 47});
        for (size_t i = 0; i < found.size(); ++i) {
          ASSERT_EQ(found[i].size(), 50u);
          auto ids = ids_of(found[i]);
          for (size_t j = 0; j < 47; ++j) {
            EXPECT_EQ(ids[j], whole[static_cast<size_t>(wanted[i][j].corpus_id)]);
          }
          EXPECT_EQ(std::set<int64_t>(ids.begin() + 47, ids.end()), (std::set<int64_t>{7, 30, 41}));
          for (size_t j = 47; j < 50; ++j) EXPECT_EQ(found[i][j].score, -INFINITY);
        }
        EXPECT_FLOAT_EQ(semantic_search(q, rows, {.score_function = function})[0].back().score,
                        found[0][9].score);
      }
    }
  }
  const auto of_nan = semantic_search(at::full({9, 8}, NAN, at::kFloat), rest, {.top_k = 3});
  for (const auto& hits : of_nan) {
    EXPECT_EQ(ids_of(hits), ids_of(of_nan[0]));
    for (const Hit& hit : hits) EXPECT_EQ(hit.score, -INFINITY);
  }
}

TEST(SemanticSearch, TheLargestNumbersDoNotOverflow) {
  at::manual_seed(7);
  const at::Tensor corpus = at::randn({30, 8});
  for (const int64_t count : {2, 9}) {
    const at::Tensor queries = corpus.narrow(0, 0, count);
    const auto found = semantic_search(
        queries, corpus,
        {.query_chunk_size = INT64_MAX, .corpus_chunk_size = INT64_MAX, .top_k = INT64_MAX});
    const auto wanted = semantic_search(queries, corpus, {.top_k = 30});
    for (size_t i = 0; i < found.size(); ++i) {
      ASSERT_EQ(found[i].size(), 30u);
      EXPECT_EQ(ids_of(found[i]), ids_of(wanted[i]));
    }
  }
}

/// The default type of new tensors in this process, for as long as it lives.
class DefaultType {
 public:
  explicit DefaultType(at::ScalarType type) {
    c10::set_default_dtype(c10::scalarTypeToTypeMeta(type));
  }
  ~DefaultType() { c10::set_default_dtype(before_); }

 private:
  const caffe2::TypeMeta before_ = c10::get_default_dtype();
};

TEST(Retrieval, TheProcesssDefaultTypeDoesNotMatter) {
  at::manual_seed(7);
  const at::Tensor corpus = at::randn({60, 8}, at::kFloat);
  const at::Tensor twice = at::cat({corpus, corpus});
  const auto all = [&] {
    std::vector<std::vector<int64_t>> ids;
    for (const int64_t count : {3, 20}) {
      for (const at::Tensor& rows : {corpus, twice}) {
        for (const auto& hits : semantic_search(corpus.narrow(0, 0, count), rows)) {
          ids.push_back(ids_of(hits));
        }
      }
    }
    for (const auto& [score, i, j] : paraphrase_mining_embeddings(corpus)) ids.push_back({i, j});
    for (const auto& group :
         community_detection(corpus, {.threshold = 0.5f, .min_community_size = 3})) {
      ids.push_back(group);
    }
    return ids;
  };
  const auto wanted = all();
  for (const at::ScalarType type : {at::kDouble, at::kHalf, at::kBFloat16}) {
    const DefaultType set(type);
    EXPECT_EQ(all(), wanted) << c10::toString(type);
  }
}

}  // namespace
}  // namespace sentence_transformers::util
