// Every pooling mode, exact, with and without the prompt, in both spellings.
#include "modules/pooling.h"

#include "modules/normalize.h"

#include <ATen/ATen.h>
#include <sentence_transformers/error.h>

#include <cmath>
#include <limits>

#include "support.h"

namespace sentence_transformers {
namespace {

using namespace test;
using nlohmann::json;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
using Rows = std::vector<std::vector<double>>;

Features features(const std::vector<LengthGroup>& groups, const at::Tensor& tokens) {
  Features features;
  features.batch.groups = groups;
  features.token_embeddings = tokens;
  return features;
}

/// The two texts of sentence-transformers' test_pooling.py: three tokens and four.
Features two_texts() {
  const std::vector<float> values = {1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60, 70, 80};
  return features({{0, 1, 3}, {3, 1, 4}}, at::tensor(values).view({7, 2}));
}

/// The same texts, each twice.
Features four_texts() {
  const at::Tensor x = two_texts().token_embeddings;
  const at::Tensor a = x.narrow(0, 0, 3), b = x.narrow(0, 3, 4);
  return features({{0, 2, 3}, {6, 2, 4}}, at::cat({a, a, b, b}));
}

at::Tensor pool(Features features, const std::vector<PoolingMode>& modes,
                bool include_prompt = true, int64_t prompt_tokens = 0) {
  features.prompt_tokens = prompt_tokens;
  const int64_t size = features.token_embeddings.size(1);
  Pooling(size, modes, include_prompt).forward(features);
  return features.sentence_embedding;
}

void expect_rows(const at::Tensor& found, const Rows& expected) {
  ASSERT_EQ(found.dim(), 2);
  ASSERT_EQ(found.size(0), static_cast<int64_t>(expected.size()));
  for (size_t i = 0; i < expected.size(); ++i) {
    ASSERT_EQ(found.size(1), static_cast<int64_t>(expected[i].size()));
    for (size_t j = 0; j < expected[i].size(); ++j) {
      const auto value = found[static_cast<int64_t>(i)][static_cast<int64_t>(j)].item<double>();
      if (std::isinf(expected[i][j])) {
        EXPECT_EQ(value, expected[i][j]);
      } else {
        EXPECT_NEAR(value, expected[i][j], 1e-5 * std::max(1.0, std::abs(expected[i][j])));
      }
    }
  }
}

struct Case {
  const char* name;
  PoolingMode mode;
  Rows whole;                   // the prompt included
  std::vector<Rows> shortened;  // without 1, 2, 3 and 9 prompt tokens, as sentence-transformers 6.2
};

const std::vector<Case>& cases() {
  static const std::vector<Case> table = {
      {"cls",
       PoolingMode::cls,
       {{1, 2}, {10, 20}},
       {{{3, 4}, {30, 40}}, {{5, 6}, {50, 60}}, {{1, 2}, {70, 80}}, {{1, 2}, {10, 20}}}},
      {"max",
       PoolingMode::max,
       {{5, 6}, {70, 80}},
       {{{5, 6}, {70, 80}},
        {{5, 6}, {70, 80}},
        {{-kInfinity, -kInfinity}, {70, 80}},
        {{-kInfinity, -kInfinity}, {-kInfinity, -kInfinity}}}},
      {"mean",
       PoolingMode::mean,
       {{3, 4}, {40, 50}},
       {{{4, 5}, {50, 60}}, {{5, 6}, {60, 70}}, {{0, 0}, {70, 80}}, {{0, 0}, {0, 0}}}},
      {"mean_sqrt_len_tokens",
       PoolingMode::mean_sqrt_len_tokens,
       {{9 / std::sqrt(3), 12 / std::sqrt(3)}, {80, 100}},
       {{{8 / std::sqrt(2), 10 / std::sqrt(2)}, {150 / std::sqrt(3), 180 / std::sqrt(3)}},
        {{5, 6}, {120 / std::sqrt(2), 140 / std::sqrt(2)}},
        {{0, 0}, {70, 80}},
        {{0, 0}, {0, 0}}}},
      {"weightedmean",
       PoolingMode::weightedmean,
       {{22 / 6., 28 / 6.}, {50, 60}},
       {{{21 / 5., 26 / 5.}, {490 / 9., 580 / 9.}},
        {{5, 6}, {430 / 7., 500 / 7.}},
        {{0, 0}, {70, 80}},
        {{0, 0}, {0, 0}}}},
      {"lasttoken",
       PoolingMode::lasttoken,
       {{5, 6}, {70, 80}},
       {{{5, 6}, {70, 80}}, {{5, 6}, {70, 80}}, {{0, 0}, {70, 80}}, {{0, 0}, {0, 0}}}},
  };
  return table;
}

class EachMode : public testing::TestWithParam<Case> {};

TEST_P(EachMode, GivesTheExactValues) {
  const Case& c = GetParam();
  expect_rows(pool(two_texts(), {c.mode}), c.whole);
  expect_rows(pool(two_texts(), {c.mode}, true, 2), c.whole);
  expect_rows(pool(two_texts(), {c.mode}, false, 0), c.whole);
  expect_rows(pool(four_texts(), {c.mode}), {c.whole[0], c.whole[0], c.whole[1], c.whole[1]});
}

TEST_P(EachMode, LeavesThePromptOut) {
  const Case& c = GetParam();
  const std::vector<int64_t> prompts = {1, 2, 3, 9};
  for (size_t i = 0; i < prompts.size(); ++i) {
    SCOPED_TRACE(prompts[i]);
    const Rows& rows = c.shortened[i];
    expect_rows(pool(two_texts(), {c.mode}, false, prompts[i]), rows);
    expect_rows(pool(four_texts(), {c.mode}, false, prompts[i]),
                {rows[0], rows[0], rows[1], rows[1]});
  }
}

TEST_P(EachMode, KeepsTheTypeAndSumsInFloat32) {
  for (const auto dtype : {at::kHalf, at::kBFloat16}) {
    const at::Tensor found =
        pool(features({{0, 1, 4096}}, at::ones({4096, 3}, dtype)), {GetParam().mode});
    EXPECT_EQ(found.scalar_type(), dtype);
    const double expected = GetParam().mode == PoolingMode::mean_sqrt_len_tokens ? 64 : 1;
    expect_rows(found, {{expected, expected, expected}});
  }
}

TEST_P(EachMode, GradientsFlow) {
  const Features texts = two_texts();
  const at::Tensor& tokens = texts.token_embeddings.requires_grad_(true);
  pool(texts, {GetParam().mode}).sum().backward();
  ASSERT_TRUE(tokens.grad().defined());
  EXPECT_GT(tokens.grad().abs().sum().item<double>(), 0);
}

INSTANTIATE_TEST_SUITE_P(Pooling, EachMode, testing::ValuesIn(cases()),
                         [](const auto& info) { return info.param.name; });

// As in Python: what is not a number stays one, and in its own text.
TEST(Pooling, NanAndInfinityStayInTheirText) {
  Features f = two_texts();
  const std::vector<PoolingMode> modes = {
      PoolingMode::cls,          PoolingMode::max,
      PoolingMode::mean,         PoolingMode::mean_sqrt_len_tokens,
      PoolingMode::weightedmean, PoolingMode::lasttoken};
  const at::Tensor clean = pool(f, modes, true);
  for (const double bad : {std::nan(""), kInfinity, -kInfinity}) {
    for (const int64_t token : {0, 1, 2}) {
      Features broken = two_texts();
      broken.token_embeddings = broken.token_embeddings.clone();
      broken.token_embeddings[token][0] = bad;
      const at::Tensor found = pool(broken, modes, true);
      EXPECT_TRUE(at::equal(found[1], clean[1]));
      for (const int64_t mean : {2, 3, 4}) {
        const double value = found[0][2 * mean].item<double>();
        EXPECT_TRUE(std::isnan(bad) ? std::isnan(value) : value == bad) << mean;
        EXPECT_EQ(found[0][2 * mean + 1].item<double>(), clean[0][2 * mean + 1].item<double>());
      }
      EXPECT_EQ(std::isnan(found[0][2].item<double>()), std::isnan(bad));
    }
  }
}

TEST(Normalize, NanAndInfinityStayInTheirRow) {
  Features f;
  f.sentence_embedding = at::tensor({3.f, 4.f, NAN, 4.f, INFINITY, 4.f, 0.f, 0.f}).view({4, 2});
  Normalize(false).forward(f);
  const auto value = [&](int64_t row, int64_t column) {
    return f.sentence_embedding[row][column].item<float>();
  };
  EXPECT_FLOAT_EQ(value(0, 0), 0.6f);
  EXPECT_TRUE(std::isnan(value(1, 0)) && std::isnan(value(1, 1)));
  EXPECT_TRUE(std::isnan(value(2, 0)));
  EXPECT_EQ(value(2, 1), 0.f);
  EXPECT_EQ(value(3, 0), 0.f);
}

TEST(Pooling, SeveralModesStandSideBySideInTheirOrder) {
  const at::Tensor found =
      pool(two_texts(), {PoolingMode::lasttoken, PoolingMode::cls, PoolingMode::mean});
  expect_rows(found, {{5, 6, 1, 2, 3, 4}, {70, 80, 10, 20, 40, 50}});
  EXPECT_EQ(
      Pooling(2, {PoolingMode::cls, PoolingMode::max}).output_sizes({2, 0}).sentence_embedding, 4);
}

class PoolingConfig : public testing::Test {
 protected:
  static std::shared_ptr<Pooling> make(json config, int64_t size = 2) {
    if (!config.contains("embedding_dimension") && !config.contains("word_embedding_dimension")) {
      config["embedding_dimension"] = 2;
    }
    return Pooling::from_config(Config(config, "1_Pooling/config.json"), size);
  }
  static at::Tensor run(const json& config, int64_t prompt_tokens = 0) {
    Features features = two_texts();
    features.prompt_tokens = prompt_tokens;
    make(config)->forward(features);
    return features.sentence_embedding;
  }
};

TEST_F(PoolingConfig, ReadsEveryMode) {
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.name);
    expect_rows(run({{"pooling_mode", c.name}}), c.whole);
    expect_rows(run({{"pooling_mode", {c.name}}}), c.whole);
    const std::string key = std::string("pooling_mode_") + c.name;
    const bool tokens = key.ends_with("_tokens") || key.ends_with("lasttoken");
    const std::string old = key.ends_with("cls") ? key + "_token" : tokens ? key : key + "_tokens";
    expect_rows(run({{"word_embedding_dimension", 2}, {old, true}}), c.whole);
  }
}

TEST_F(PoolingConfig, ListsConcatenateInListOrder) {
  expect_rows(run({{"pooling_mode", {"max", "cls"}}}), {{5, 6, 1, 2}, {70, 80, 10, 20}});
}

TEST_F(PoolingConfig, OldBooleansConcatenateInTheirOwnOrder) {
  const json all = {{"word_embedding_dimension", 2},
                    {"pooling_mode_lasttoken", true},
                    {"pooling_mode_weightedmean_tokens", true},
                    {"pooling_mode_mean_sqrt_len_tokens", true},
                    {"pooling_mode_mean_tokens", true},
                    {"pooling_mode_max_tokens", true},
                    {"pooling_mode_cls_token", true}};
  Rows expected(2);
  for (const Case& c : cases()) {
    for (size_t i = 0; i < 2; ++i) {
      expected[i].insert(expected[i].end(), c.whole[i].begin(), c.whole[i].end());
    }
  }
  expect_rows(run(all), expected);
}

TEST_F(PoolingConfig, NothingChosenIsMean) {
  expect_rows(run(json::object()), {{3, 4}, {40, 50}});
  expect_rows(run({{"pooling_mode_mean_tokens", false}, {"pooling_mode_cls_token", false}}),
              {{3, 4}, {40, 50}});
  expect_rows(run({{"pooling_mode", nullptr}, {"pooling_mode_cls_token", true}}),
              {{1, 2}, {10, 20}});
}

TEST_F(PoolingConfig, TheNewKeyWinsOverTheBooleans) {
  expect_rows(run({{"pooling_mode", "cls"}, {"pooling_mode_mean_tokens", true}}),
              {{1, 2}, {10, 20}});
}

TEST_F(PoolingConfig, ReadsIncludePrompt) {
  expect_rows(run(json::object(), 1), {{3, 4}, {40, 50}});
  expect_rows(run({{"include_prompt", true}}, 1), {{3, 4}, {40, 50}});
  expect_rows(run({{"include_prompt", false}}, 1), {{4, 5}, {50, 60}});
}

TEST_F(PoolingConfig, NamesAnUnknownMode) {
  for (const json& mode :
       {json("median"), json::array({"mean", "median"}), json(3), json::object({{"mean", true}}),
        json("Mean"), json(""), json(true), json::array({json::array({"mean"})})}) {
    EXPECT_THROWS(LoadError, make({{"pooling_mode", mode}}), "[Pooling]",
                  "1_Pooling/config.json: \"pooling_mode\" is ",
                  "known: cls, max, mean, mean_sqrt_len_tokens, weightedmean, lasttoken");
  }
  EXPECT_THROWS(LoadError, make({{"pooling_mode", json::array()}}), "expected at least one mode");
}

TEST_F(PoolingConfig, NamesAKeyOfTheWrongType) {
  EXPECT_THROWS(LoadError, make({{"pooling_mode_cls_token", 1}}), "\"pooling_mode_cls_token\"");
  EXPECT_THROWS(LoadError, make({{"include_prompt", "yes"}}), "\"include_prompt\"");
  EXPECT_THROWS(LoadError, make({{"embedding_dimension", "2"}}), "\"embedding_dimension\"");
}

TEST_F(PoolingConfig, TheSizeMustFit) {
  EXPECT_THROWS(LoadError, make({{"embedding_dimension", 3}}), "[Pooling]",
                "\"embedding_dimension\": expected 2, as the module before it gives, found 3");
  EXPECT_THROWS(LoadError, make({{"word_embedding_dimension", -2}}),
                "\"word_embedding_dimension\": expected 2", "found -2");
  EXPECT_THROWS(LoadError, Pooling::from_config(Config(json::object(), "config.json"), 2),
                "\"word_embedding_dimension\" is missing");
  EXPECT_EQ(make({{"embedding_dimension", 2}, {"word_embedding_dimension", 9}})
                ->output_sizes({2, 0})
                .sentence_embedding,
            2);
}

}  // namespace
}  // namespace sentence_transformers
