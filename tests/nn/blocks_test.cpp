// The parts of encoders against their formulas: norms, rotary positions, biases by distance,
// positions, names.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <sentence_transformers/error.h>

#include "nn/block.h"
#include "nn/distance_bias.h"
#include "nn/embeddings.h"
#include "nn/rotary.h"
#include "support.h"

namespace sentence_transformers {
namespace {

using namespace test;

class BlocksTest : public testing::Test {
 protected:
  BlocksTest() { at::manual_seed(5); }
  Weights weights(const std::vector<std::pair<std::string, at::Tensor>>& tensors) {
    write_safetensors(dir_.path() / "w.safetensors", tensors);
    return Weights({SafeTensors::open(dir_.path() / "w.safetensors")});
  }
  TempDir dir_;
};

at::Tensor normalized(const at::Tensor& x, const NormConfig& c, const at::Tensor& weight,
                      const at::Tensor& bias) {
  at::Tensor y = x.to(at::kDouble);
  if (c.centred) y = y - y.mean(-1, true);
  y = y / (y.square().mean(-1, true) + c.eps).sqrt() * (weight + c.weight_offset);
  return c.bias ? y + bias : y;
}

TEST_F(BlocksTest, NormsOfAllKinds) {
  for (const int64_t size : {16, 48, 24, 7}) {
    for (const NormConfig& c :
         {NormConfig{}, NormConfig{.eps = 0.1, .bias = false},
          NormConfig{.eps = 1e-6, .centred = false, .bias = false},
          NormConfig{.eps = 1e-6, .centred = false, .bias = false, .weight_offset = 1}}) {
      SCOPED_TRACE(std::to_string(size) + (c.centred ? " centred" : " not centred"));
      const at::Tensor weight = at::randn({size}), bias = at::randn({size});
      Norm norm(weights({{"weight", weight}, {"bias", bias}}), size, c);
      const at::Tensor x = at::randn({9, size}) + 1, y = at::randn({9, size});
      PackedParameters packed;
      for (const bool is_packed : {false, true}) {
        if (is_packed) norm.pack({}, packed);
        const at::NoGradGuard no_grad;
        EXPECT_LE(largest_difference(norm.forward(x), normalized(x, c, weight, bias)), 1e-5);
        const at::Tensor of_sum = normalized(x + y, c, weight, bias);
        EXPECT_LE(largest_difference(norm.forward_add(x, y), of_sum), 1e-5);
        at::Tensor residual = y;
        EXPECT_LE(largest_difference(norm.forward_sum(x, residual), of_sum), 1e-5);
        EXPECT_LE(largest_difference(residual, x + y), 1e-6);
        const at::Tensor wide = at::randn({9, 4 * size});
        const at::Tensor heads =
            normalized(wide.narrow(1, 0, 3 * size).unflatten(1, {3, size}), c, weight, bias)
                .flatten(1);
        const at::Tensor rest = wide.narrow(1, 3 * size, size).clone();
        EXPECT_LE(largest_difference(norm.forward_heads(wide.narrow(1, 0, 3 * size), 3), heads),
                  1e-5);
        EXPECT_TRUE(at::equal(wide.narrow(1, 3 * size, size), rest));  // its neighbour's
      }
      const at::NoGradGuard no_grad;
      norm.weight.mul_(2);  // noticed, packed or not
      EXPECT_LE(largest_difference(norm.forward(x), normalized(x, c, 2 * weight, bias)), 1e-4);
    }
  }
}

TEST_F(BlocksTest, RotaryTurnsPairsByTheirPosition) {
  const std::vector<int64_t> a(5), b(3);
  const TokenBatch batch = pack_tokens({a, b, b}, {a, b, b}, at::kCPU);
  for (const int64_t size : {32, 12}) {
    const auto rotary = Rotary::make(size, 100, nullptr);
    const at::Tensor x = at::randn({11, 3 * size});
    const at::Tensor angles =
        at::outer(batch.positions.to(at::kDouble),
                  at::pow(100.0, -at::arange(0, size, 2, at::kDouble) / size));
    const at::Tensor cos = at::cos(angles).unsqueeze(1), sin = at::sin(angles).unsqueeze(1);
    const at::Tensor pairs = x.to(at::kDouble).narrow(1, 0, 2 * size).unflatten(1, {2, size});
    const at::Tensor first = pairs.narrow(2, 0, size / 2),
                     second = pairs.narrow(2, size / 2, size / 2);
    const at::Tensor wanted =
        at::cat({first * cos - second * sin, second * cos + first * sin}, 2).flatten(1);
    const at::Tensor plain = rotary->rotate(x.clone(), 2, batch);  // gradients are on
    EXPECT_LE(largest_difference(plain.narrow(1, 0, 2 * size), wanted), 1e-5);
    EXPECT_TRUE(at::equal(plain.narrow(1, 2 * size, size), x.narrow(1, 2 * size, size)));
    const at::NoGradGuard no_grad;
    const at::Tensor fast = rotary->rotate(x.clone(), 2, batch);
    EXPECT_LE(largest_difference(fast, plain), 1e-5);
  }
}

TEST_F(BlocksTest, RotaryRefusesWhatItDoesNotKnow) {
  const auto make = [](const nlohmann::json& json) {
    const Config config(json, "config.json", "rope_scaling");
    return Rotary::make(16, 10000, &config);
  };
  EXPECT_THROWS(UnsupportedError, make({{"rope_type", "dynamic"}, {"factor", 2.0}}),
                "config.json: \"rope_scaling.rope_type\" is \"dynamic\"; known: default, linear");
  EXPECT_THROWS(UnsupportedError, make({{"rope_type", "default"}, {"partial_rotary_factor", 0.5}}),
                "partial_rotary_factor");
  EXPECT_THROWS(LoadError, make({{"type", "linear"}}), "rope_scaling.factor\" is missing");
  EXPECT_THROWS(LoadError, make({{"type", "llama3"}, {"factor", 8.0}}), "low_freq_factor");
}

TEST_F(BlocksTest, BucketsAreTheReferences) {
  const at::Tensor rows = at::arange(32, at::kFloat).unsqueeze(1);
  BucketBias bias(weights({{"weight", rows}}), 32, 1, 32, 128);
  const at::Tensor table = bias.table(200).detach().flatten();
  const auto bucket = [&](int64_t distance) { return table[199 + distance].item<float>(); };
  const std::vector<int64_t> starts = {8, 12, 16, 23, 32, 46, 64, 91};
  for (int64_t i = 0; i < 8; ++i) {
    EXPECT_EQ(bucket(-i), i);
    if (i > 0) {
      EXPECT_EQ(bucket(i), 16 + i);
    }
    EXPECT_EQ(bucket(-starts[i]), 8 + i);
    EXPECT_EQ(bucket(starts[i]), 24 + i);
    EXPECT_EQ(bucket(1 - starts[i]), 7 + i);
  }
  EXPECT_EQ(bucket(-199), 15);
  EXPECT_EQ(bucket(199), 31);

  PackedParameters packed;
  bias.pack({}, packed);
  const at::NoGradGuard no_grad;
  for (const int64_t length : {3, 200, 300, 1}) {
    EXPECT_TRUE(at::equal(bias.table(length).flatten().narrow(0, 0, 1),
                          at::full({1}, length > 90 ? 15.f : static_cast<float>(length - 1))));
    EXPECT_EQ(bias.table(length).size(1), 2 * length - 1);
  }
}

TEST_F(BlocksTest, SlopesOfHeads) {
  const auto slopes = [](int64_t heads) {
    return SlopeBias(heads).table(2).select(1, 0).neg();  // distance 1
  };
  EXPECT_LE(largest_difference(slopes(4), at::tensor({0.25, 0.0625, 0.015625, 0.00390625})), 1e-9);
  const at::Tensor twelve = slopes(12);
  EXPECT_LE(largest_difference(twelve.narrow(0, 0, 8), at::pow(2.0, -at::arange(1, 9, at::kFloat))),
            1e-9);
  EXPECT_LE(largest_difference(twelve.narrow(0, 8, 4),
                               at::pow(2.0, at::tensor({-0.5, -1.5, -2.5, -3.5}))),
            1e-7);
}

TEST_F(BlocksTest, PositionsBehindPaddingSkipLiteralPads) {
  const std::vector<int64_t> text = {0, 9, 1, 11, 1, 12, 2}, plain = {5, 6}, zeros(7), two(2);
  const auto positions = [](const TokenBatch& batch) { return positions_behind_padding(batch, 1); };
  EXPECT_TRUE(at::equal(positions(pack_tokens({text, plain}, {zeros, two}, at::kCPU)),
                        at::tensor({2, 3, 1, 4, 1, 5, 6, 2, 3}, at::kLong)));
  EXPECT_TRUE(
      at::equal(positions(pack_tokens({plain}, {two}, at::kCPU)), at::tensor({2, 3}, at::kLong)));
}

TEST_F(BlocksTest, TokensOfEachText) {
  const std::vector<int64_t> a(3), b(2);
  const TokenBatch batch = pack_tokens({a, a, b}, {a, a, b}, at::kCPU);
  const at::Tensor x = at::arange(8, at::kFloat).unsqueeze(1);
  EXPECT_TRUE(at::equal(first_tokens(x, batch.groups).flatten(), at::tensor({0.f, 3.f, 6.f})));
  EXPECT_TRUE(at::equal(last_tokens(x, batch).flatten(), at::tensor({2.f, 5.f, 7.f})));
  EXPECT_TRUE(at::equal(mean_tokens(x, batch).flatten(), at::tensor({1.f, 4.f, 6.5f})));
}

TEST_F(BlocksTest, NamesMayBeShared) {
  Block root;
  const Weights w =
      weights({{"a.b.c.weight", at::ones({2, 2})}, {"a.b.d.weight", at::ones({2, 2})}});
  root.add_linear("a.b.c", w, 2, 2, false);
  root.add_linear("a.b.d", w, 2, 2, false);
  EXPECT_EQ(root.named_parameters().keys(),
            (std::vector<std::string>{"a.b.c.weight", "a.b.d.weight"}));
}

}  // namespace
}  // namespace sentence_transformers
