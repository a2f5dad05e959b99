// util::maxsim by the loops against LibTorch's operators.
#include <ATen/ATen.h>
#include <sentence_transformers/maxsim.h>

#include <limits>

#include "support.h"

namespace sentence_transformers {
namespace {

using namespace test;

using Embeddings = std::vector<at::Tensor>;

Embeddings random_texts(const std::vector<int64_t>& lengths, int64_t width) {
  Embeddings texts;
  for (const int64_t length : lengths) texts.push_back(at::randn({length, width}));
  return texts;
}

/// Straight from the definition.
at::Tensor by_definition(const Embeddings& queries, const Embeddings& documents) {
  at::Tensor scores =
      at::empty({static_cast<int64_t>(queries.size()), static_cast<int64_t>(documents.size())});
  for (size_t i = 0; i < queries.size(); ++i) {
    for (size_t j = 0; j < documents.size(); ++j) {
      scores[i][j] = documents[j].size(0) == 0 ? at::full({}, -1e9)
                                               : at::mm(queries[i], documents[j].t()).amax(1).sum();
    }
  }
  return scores;
}

TEST(MaxSim, IsTheDefinitionForAnyLengths) {
  at::manual_seed(0);
  for (const int64_t width : {1, 7, 16, 96, 128, 130}) {
    SCOPED_TRACE(width);
    const Embeddings queries = random_texts({1, 5, 31, 32, 33, 70}, width);
    const Embeddings documents = random_texts({1, 2, 11, 12, 13, 40, 0, 301}, width);
    const at::Tensor expected = by_definition(queries, documents);
    const at::Tensor found = util::maxsim(queries, documents);
    EXPECT_LE(largest_difference(found, expected), 1e-3);
    EXPECT_LE(
        largest_difference(util::mean_maxsim(queries, documents),
                           expected / at::tensor({1.F, 5.F, 31.F, 32.F, 33.F, 70.F}).unsqueeze(1)),
        1e9 * 1e-6);
    const Embeddings some(documents.begin(), documents.begin() + 6);
    EXPECT_TRUE(
        at::allclose(util::maxsim_pairwise(queries, some), expected.diagonal(), 1e-4, 1e-4));
    EXPECT_TRUE(at::allclose(util::mean_maxsim_pairwise(queries, some),
                             expected.diagonal() / at::tensor({1.F, 5.F, 31.F, 32.F, 33.F, 70.F}),
                             1e-4, 1e-4));
  }
}

TEST(MaxSim, GradientsRunThrough) {
  at::manual_seed(1);
  Embeddings queries = random_texts({3, 5}, 8), documents = random_texts({4, 0, 9}, 8);
  for (at::Tensor& text : queries) text.requires_grad_();
  const at::Tensor scores = util::maxsim(queries, documents);
  EXPECT_LE(largest_difference(scores, by_definition(queries, documents)), 1e-3);
  scores.index({0, 0}).backward();
  const at::Tensor expected =
      documents[0].index_select(0, at::mm(queries[0].detach(), documents[0].t()).argmax(1));
  EXPECT_TRUE(at::allclose(queries[0].grad(), expected));
  EXPECT_TRUE(at::allclose(util::maxsim_pairwise(queries, {documents[0], documents[2]}),
                           util::maxsim(queries, {documents[0], documents[2]}).diagonal()));
}

TEST(MaxSim, TypesStridesAndEmptySets) {
  at::manual_seed(2);
  const Embeddings queries = random_texts({3}, 8), documents = random_texts({6}, 8);
  const at::Tensor expected = by_definition(queries, documents);
  const at::Tensor wide = at::cat({documents[0], documents[0]}, 1);
  EXPECT_LE(largest_difference(util::maxsim(queries, {wide.narrow(1, 8, 8)}), expected), 1e-5);
  EXPECT_LE(largest_difference(util::maxsim({queries[0].to(at::kDouble)}, documents), expected),
            1e-5);
  EXPECT_LE(largest_difference(util::maxsim({queries[0].to(at::kBFloat16)}, documents), expected),
            0.2);
  EXPECT_EQ(util::maxsim({}, documents).sizes(), at::IntArrayRef({0, 1}));
  EXPECT_EQ(util::maxsim(queries, {}).sizes(), at::IntArrayRef({1, 0}));
  EXPECT_EQ(util::maxsim_pairwise({}, {}).sizes(), at::IntArrayRef({0}));
  EXPECT_EQ(util::maxsim({at::zeros({0, 8})}, documents).item<float>(), 0);
  EXPECT_EQ(util::mean_maxsim({at::zeros({0, 8})}, documents).item<float>(), 0);
}

TEST(MaxSim, NaNStaysNaN) {
  const auto nan = std::numeric_limits<float>::quiet_NaN();
  for (const int64_t at_row : {0, 5, 14}) {
    at::Tensor document = at::ones({15, 4});
    document[at_row][1] = nan;
    EXPECT_TRUE(util::maxsim({at::ones({2, 4})}, {document}).isnan().item<bool>());
  }
  at::Tensor query = at::ones({40, 4});
  query[39][0] = nan;
  EXPECT_TRUE(util::maxsim({query}, {at::ones({3, 4})}).isnan().item<bool>());
}

TEST(MaxSim, RefusesOtherShapes) {
  EXPECT_THROWS(std::invalid_argument, (util::maxsim({at::zeros({3})}, {})), "found 1 dimensions");
  EXPECT_THROWS(std::invalid_argument, (util::maxsim({at::zeros({3, 4})}, {at::zeros({3, 5})})),
                "with D 4, found [3, 5]");
  EXPECT_THROWS(std::invalid_argument, (util::maxsim_pairwise({at::zeros({3, 4})}, {})),
                "expected as many documents as queries (1), found 0");
}

}  // namespace
}  // namespace sentence_transformers
