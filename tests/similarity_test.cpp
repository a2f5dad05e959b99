// The similarity functions against hand-computed values and Python's.
#include <sentence_transformers/similarity.h>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <map>
#include <string>

#include "core/safetensors.h"
#include "support.h"

namespace sentence_transformers::util {
namespace {

const float kRoot2 = std::sqrt(2.0f);

void expect_close(const at::Tensor& found, const at::Tensor& expected, double tolerance = 1e-6) {
  ASSERT_EQ(found.sizes(), expected.sizes());
  EXPECT_TRUE(at::allclose(found.to(at::kDouble), expected.to(at::kDouble), 0, tolerance))
      << found << "\nexpected\n"
      << expected;
}

at::Tensor matrix(std::initializer_list<float> values, int64_t rows) {
  return at::tensor(values).view({rows, -1});
}

TEST(Similarity, MatrixValues) {
  const at::Tensor a = matrix({1, 0, 1, 1}, 2), b = matrix({1, 1, 1, 0}, 2);
  expect_close(dot_score(a, b), matrix({1, 1, 2, 1}, 2));
  expect_close(cos_sim(a, b), matrix({1 / kRoot2, 1, 1, 1 / kRoot2}, 2));
  expect_close(euclidean_sim(a, b), matrix({-1, 0, 0, -1}, 2));
  expect_close(manhattan_sim(a, b), matrix({-1, 0, 0, -1}, 2));
  const at::Tensor zero = at::zeros({1, 2});
  expect_close(euclidean_sim(zero, a), matrix({-1, -kRoot2}, 1));
  expect_close(manhattan_sim(zero, a), matrix({-1, -2}, 1));
}

TEST(Similarity, PairwiseIsTheDiagonal) {
  at::manual_seed(7);
  const at::Tensor a = at::randn({40, 24}), b = at::randn({40, 24});
  expect_close(pairwise_cos_sim(a, b), cos_sim(a, b).diagonal(), 1e-6);
  expect_close(pairwise_dot_score(a, b), dot_score(a, b).diagonal(), 1e-4);
  expect_close(pairwise_euclidean_sim(a, b), euclidean_sim(a, b).diagonal(), 1e-4);
  expect_close(pairwise_manhattan_sim(a, b), manhattan_sim(a, b).diagonal(), 1e-4);
}

TEST(Similarity, SparseRowsScoreAsDenseOnes) {
  at::manual_seed(7);
  const at::Tensor a = at::randn({5, 24}).clamp_min(0.5) - 0.5,
                   b = at::randn({7, 24}).clamp_min(0.5) - 0.5;
  for (const auto function : {SimilarityFunction::cosine, SimilarityFunction::dot,
                              SimilarityFunction::euclidean, SimilarityFunction::manhattan}) {
    const at::Tensor all = scores(function)(a, b);
    expect_close(scores(function)(a.to_sparse(), b.to_sparse()), all, 1e-5);
    expect_close(scores(function)(a.to_sparse(), b), all, 1e-5);
    expect_close(scores(function)(a, b.to_sparse()), all, 1e-5);
    const auto pairwise = pairwise_scores(function);
    expect_close(pairwise(a.to_sparse(), b.narrow(0, 0, 5).to_sparse()), all.diagonal(), 1e-5);
    expect_close(pairwise(a[0].to_sparse(), b.to_sparse()), all[0], 1e-5);
    expect_close(pairwise(b.to_sparse(), a[0].to_sparse()), all[0], 1e-5);
  }
  EXPECT_THROWS(std::invalid_argument, cos_sim(a.to_sparse(), at::ones({2, 3})),
                "[cos_sim] expected embeddings of the same length", "[5, 24] and [2, 3]");
  EXPECT_THROWS(std::invalid_argument, pairwise_dot_score(a.to_sparse(), b.to_sparse()),
                "[pairwise_dot_score] expected as many embeddings", "[5, 24] and [7, 24]");
}

TEST(Similarity, ScaleDoesNotChangeTheCosine) {
  at::manual_seed(7);
  const at::Tensor a = at::randn({5, 8}), b = at::randn({7, 8});
  expect_close(cos_sim(a * 1000, b * 0.001), cos_sim(a, b), 1e-6);
  expect_close(cos_sim(a, a).diagonal(), at::ones({5}), 1e-6);
}

TEST(Similarity, AZeroRowScoresZero) {
  expect_close(cos_sim(at::zeros({1, 3}), at::ones({2, 3})), at::zeros({1, 2}));
  for (const at::ScalarType type : {at::kFloat, at::kHalf, at::kBFloat16, at::kDouble}) {
    const at::Tensor zeros = at::zeros({2, 3}, type);
    EXPECT_TRUE(at::equal(normalize_embeddings(zeros), zeros));
  }
}

TEST(Similarity, OneDimensionIsOneRow) {
  const at::Tensor x = at::tensor({1.f, 0.f}), many = matrix({1, 0, 0, 1, -1, 0}, 3);
  for (const auto function : {cos_sim, dot_score}) {
    expect_close(function(x, many), matrix({1, 0, -1}, 1));
    expect_close(function(many, x), matrix({1, 0, -1}, 3));
    expect_close(function(x, x), matrix({1}, 1));
  }
  EXPECT_EQ(pairwise_cos_sim(x, x).dim(), 0);
  expect_close(pairwise_dot_score(x, many), at::tensor({1.f, 0.f, -1.f}));
  expect_close(pairwise_angle_sim(x, x), at::tensor({1.f}));
}

TEST(Similarity, HalfPrecisionIsScoredInFloat32) {
  at::manual_seed(7);
  const at::Tensor a = at::randn({6, 64}), b = at::randn({4, 64});
  for (const at::ScalarType type : {at::kHalf, at::kBFloat16}) {
    const at::Tensor x = a.to(type), y = b.to(type);
    for (const auto function : {cos_sim, dot_score, euclidean_sim, manhattan_sim}) {
      const at::Tensor scores = function(x, y);
      EXPECT_EQ(scores.scalar_type(), at::kFloat);
      EXPECT_TRUE(at::equal(scores, function(x.to(at::kFloat), y.to(at::kFloat))));
    }
    for (const auto function : {pairwise_cos_sim, pairwise_dot_score, pairwise_euclidean_sim,
                                pairwise_manhattan_sim, pairwise_angle_sim}) {
      const at::Tensor scores = function(x, x.roll(1, 0));
      EXPECT_EQ(scores.scalar_type(), at::kFloat);
      EXPECT_TRUE(at::equal(scores, function(x.to(at::kFloat), x.roll(1, 0).to(at::kFloat))));
    }
  }
}

TEST(Similarity, DoubleStaysDouble) {
  at::manual_seed(7);
  const at::Tensor a = at::randn({3, 4}, at::kDouble);
  EXPECT_EQ(cos_sim(a, a).scalar_type(), at::kDouble);
  EXPECT_EQ(dot_score(a, a.to(at::kFloat)).scalar_type(), at::kDouble);
}

// Python multiplies quantized embeddings in their own type: 100 * 100 * 3 is 48 modulo 256.
TEST(Similarity, IntegersAsInPython) {
  const at::Tensor a = at::tensor({1, 2, 3, 100, 100, 100}, at::kChar).view({2, 3});
  const at::Tensor expected = at::tensor({88, 14, 48, 88}, at::kChar).view({2, 2});
  EXPECT_TRUE(at::equal(dot_score(a, a.flip(0)), expected));
  EXPECT_TRUE(at::equal(pairwise_manhattan_sim(a, a.flip(0)), at::tensor({-294, -294}, at::kLong)));
  expect_close(pairwise_euclidean_sim(a.to(at::kLong), a.flip(0).to(at::kLong)),
               at::tensor({-169.74687f, -169.74687f}), 1e-4);
  for (const auto function :
       {cos_sim, euclidean_sim, manhattan_sim, pairwise_cos_sim, pairwise_angle_sim}) {
    EXPECT_THROW(function(a, a), std::invalid_argument);
  }
  EXPECT_THROW(normalize_embeddings(a), std::invalid_argument);
  EXPECT_THROW(dot_score(a.to(at::kBool), a), std::invalid_argument);
}

TEST(Similarity, Angle) {
  // |cosine + sine| of the halves as complex numbers: x = 1, y = i give |0 + 1|.
  expect_close(pairwise_angle_sim(matrix({1, 0}, 1), matrix({1, 0}, 1)), at::tensor({1.f}));
  expect_close(pairwise_angle_sim(matrix({1, 0}, 1), matrix({0, 1}, 1)), at::tensor({1.f}));
  expect_close(pairwise_angle_sim(matrix({1, 1}, 1), matrix({1, -1}, 1)), at::tensor({1.f}));
  // Python's, of [1, 2, 3] and [100, 100, 100] both ways; an odd length gets one more zero.
  const at::Tensor odd = matrix({1, 2, 3, 100, 100, 100}, 2);
  expect_close(pairwise_angle_sim(odd, odd.flip(0)), at::tensor({1.2344268f, 0.6172134f}), 1e-6);
}

TEST(Similarity, ShapesThatDoNotFit) {
  for (const auto function :
       {cos_sim, dot_score, euclidean_sim, manhattan_sim, pairwise_cos_sim, pairwise_dot_score,
        pairwise_euclidean_sim, pairwise_manhattan_sim, pairwise_angle_sim}) {
    EXPECT_THROW(function(at::ones({2, 3}), at::ones({2, 4})), std::invalid_argument);
    EXPECT_THROW(function(at::ones({2, 3, 4}), at::ones({2, 4})), std::invalid_argument);
    EXPECT_THROW(function(at::ones({}), at::ones({2, 4})), std::invalid_argument);
  }
  for (const auto function : {pairwise_cos_sim, pairwise_dot_score, pairwise_angle_sim}) {
    EXPECT_THROW(function(at::ones({2, 3}), at::ones({3, 3})), std::invalid_argument);
  }
  EXPECT_THROW(cos_sim(at::Tensor(), at::ones({3, 3})), std::invalid_argument);
  try {
    dot_score(at::ones({2, 3}), at::ones({4, 5}));
  } catch (const std::invalid_argument& e) {
    EXPECT_STREQ(e.what(),
                 "[dot_score] expected embeddings of the same length, found [2, 3] and [4, 5]");
  }
}

TEST(Similarity, EmptyInputs) {
  for (const auto function : {cos_sim, dot_score, euclidean_sim, manhattan_sim}) {
    EXPECT_EQ(function(at::ones({0, 3}), at::ones({2, 3})).sizes(), (std::vector<int64_t>{0, 2}));
    EXPECT_EQ(function(at::ones({2, 3}), at::ones({0, 3})).sizes(), (std::vector<int64_t>{2, 0}));
  }
  EXPECT_EQ(pairwise_cos_sim(at::ones({0, 3}), at::ones({0, 3})).numel(), 0);
}

TEST(Similarity, GradientsRunThrough) {
  at::manual_seed(7);
  const at::Tensor a = at::randn({2, 4}).requires_grad_(), b = at::randn({2, 4});
  pairwise_cos_sim(a, b).sum().backward();
  EXPECT_TRUE(a.grad().defined());
}

TEST(NormalizeEmbeddings, KeepsShapeAndType) {
  const at::Tensor x = matrix({3, 4, 0, 2}, 2);
  expect_close(normalize_embeddings(x), matrix({0.6f, 0.8f, 0, 1}, 2));
  expect_close(normalize_embeddings(x[0]), at::tensor({0.6f, 0.8f}));
  EXPECT_EQ(normalize_embeddings(x.to(at::kHalf)).scalar_type(), at::kHalf);
}

TEST(TruncateEmbeddings, IsAViewOfTheFirstDimensions) {
  at::manual_seed(7);
  const at::Tensor x = at::randn({3, 8});
  const at::Tensor y = truncate_embeddings(x, 2);
  EXPECT_TRUE(at::equal(y, x.slice(1, 0, 2)));
  EXPECT_EQ(y.const_data_ptr(), x.const_data_ptr());
  EXPECT_EQ(truncate_embeddings(x[0], 8).numel(), 8);
  for (const int64_t dim : {0, -1, 9}) {
    EXPECT_THROW(truncate_embeddings(x, dim), std::invalid_argument) << dim;
  }
  EXPECT_THROW(truncate_embeddings(at::ones({}), 1), std::invalid_argument);
}

// Python's results on seeded inputs; half precision may differ by one step of float16.
TEST(Similarity, Golden) {
  const std::map<std::string, ScoreFunction> functions = {
      {"cos_sim", cos_sim},
      {"dot_score", dot_score},
      {"euclidean_sim", euclidean_sim},
      {"manhattan_sim", manhattan_sim},
      {"pairwise_cos_sim", pairwise_cos_sim},
      {"pairwise_dot_score", pairwise_dot_score},
      {"pairwise_euclidean_sim", pairwise_euclidean_sim},
      {"pairwise_manhattan_sim", pairwise_manhattan_sim},
      {"pairwise_angle_sim", pairwise_angle_sim},
  };
  const SafeTensors file = SafeTensors::open(test::golden("util.safetensors"));
  int seen = 0;
  const auto golden = test::golden_json("util_cases.json");
  for (const auto& json : golden["cases"]) {
    const std::string name = json["function"];
    const auto input = [&](size_t i) {
      return file.get("in." + json["arguments"][i].get<std::string>());
    };
    at::Tensor found;
    if (functions.count(name)) {
      found = functions.at(name)(input(0), input(1));
    } else if (name == "normalize_embeddings") {
      found = normalize_embeddings(input(0));
    } else if (name == "truncate_embeddings") {
      found = truncate_embeddings(input(0), json["options"]["truncate_dim"]);
    } else {
      continue;
    }
    ++seen;
    SCOPED_TRACE(json["expected"].get<std::string>());
    // Python turns a zero row in half precision into NaN; here it stays zero.
    const at::Tensor expected = file.get(json["expected"]).nan_to_num();
    EXPECT_EQ(found.scalar_type(), expected.scalar_type());
    expect_close(found, expected, expected.scalar_type() == at::kHalf ? 1e-3 : 1e-5);
  }
  EXPECT_GE(seen, 46);
}

TEST(SimilarityFunction, Names) {
  for (const auto function : {SimilarityFunction::cosine, SimilarityFunction::dot,
                              SimilarityFunction::euclidean, SimilarityFunction::manhattan}) {
    EXPECT_EQ(parse_similarity_function(to_string(function)), function);
  }
  EXPECT_EQ(parse_similarity_function("dot_product"), SimilarityFunction::dot);
  EXPECT_THROW(parse_similarity_function("maxsim"), std::invalid_argument);
  EXPECT_THROW(parse_similarity_function(""), std::invalid_argument);
}

TEST(SimilarityFunction, Tables) {
  at::manual_seed(7);
  const at::Tensor a = at::randn({3, 4}), b = at::randn({3, 4});
  EXPECT_TRUE(at::equal(scores(SimilarityFunction::cosine)(a, b), cos_sim(a, b)));
  EXPECT_TRUE(at::equal(scores(SimilarityFunction::dot)(a, b), dot_score(a, b)));
  EXPECT_TRUE(at::equal(scores(SimilarityFunction::euclidean)(a, b), euclidean_sim(a, b)));
  EXPECT_TRUE(at::equal(scores(SimilarityFunction::manhattan)(a, b), manhattan_sim(a, b)));
  EXPECT_TRUE(at::equal(pairwise_scores(SimilarityFunction::cosine)(a, b), pairwise_cos_sim(a, b)));
  EXPECT_TRUE(at::equal(pairwise_scores(SimilarityFunction::dot)(a, b), pairwise_dot_score(a, b)));
  EXPECT_TRUE(at::equal(pairwise_scores(SimilarityFunction::euclidean)(a, b),
                        pairwise_euclidean_sim(a, b)));
  EXPECT_TRUE(at::equal(pairwise_scores(SimilarityFunction::manhattan)(a, b),
                        pairwise_manhattan_sim(a, b)));
}

}  // namespace
}  // namespace sentence_transformers::util
