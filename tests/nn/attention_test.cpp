// Attention over packed texts against the plain formula, text by text.
#include "nn/attention.h"

#include <ATen/ATen.h>

#include "support.h"

namespace sentence_transformers {
namespace {

using namespace test;

/// softmax(Q K^T / sqrt(d)) V of one text, head by head, in double.
at::Tensor plain_attention(const at::Tensor& qkv, int64_t heads) {
  const auto parts = qkv.to(at::kDouble).chunk(3, 1);  // three of [length, D]
  const int64_t d = parts[0].size(1) / heads;
  std::vector<at::Tensor> outputs;
  for (int64_t h = 0; h < heads; ++h) {
    const at::Tensor q = parts[0].narrow(1, h * d, d), k = parts[1].narrow(1, h * d, d),
                     v = parts[2].narrow(1, h * d, d);
    const at::Tensor scores = q.matmul(k.t()) / std::sqrt(static_cast<double>(d));
    outputs.push_back(at::softmax(scores, 1).matmul(v));
  }
  return at::cat(outputs, 1);
}

/// attend, of queries, keys and values side by side.
at::Tensor self_attention(const at::Tensor& qkv, int64_t heads,
                          const std::vector<LengthGroup>& groups, double dropout = 0) {
  const int64_t size = qkv.size(1) / 3, head_size = size / heads;
  const AttentionConfig config{.heads = heads,
                               .key_value_heads = heads,
                               .head_size = head_size,
                               .scale = 1 / std::sqrt(static_cast<double>(head_size))};
  return attend(qkv.narrow(1, 0, size), qkv.narrow(1, size, size), qkv.narrow(1, 2 * size, size),
                config, groups, {.dropout = dropout});
}

struct Layout {
  const char* name;
  int64_t heads, size;
  std::vector<LengthGroup> groups;
};

class SelfAttention : public testing::TestWithParam<Layout> {
 protected:
  SelfAttention() { at::manual_seed(7); }
  int64_t tokens() const {
    const LengthGroup& last = GetParam().groups.back();
    return last.offset + last.count * last.length;
  }
};

TEST_P(SelfAttention, EachTextAttendsToItselfAlone) {
  const Layout& layout = GetParam();
  const at::Tensor qkv = at::randn({tokens(), 3 * layout.size}) * 2;
  const at::Tensor found = self_attention(qkv, layout.heads, layout.groups);
  ASSERT_EQ(found.sizes(), (at::IntArrayRef{tokens(), layout.size}));
  for (const LengthGroup& g : layout.groups) {
    for (int64_t i = 0; i < g.count; ++i) {
      const int64_t start = g.offset + i * g.length;
      const at::Tensor text = qkv.narrow(0, start, g.length);
      const at::Tensor part = found.narrow(0, start, g.length);
      EXPECT_LE(largest_difference(part, plain_attention(text, layout.heads)), 1e-5);
      const at::Tensor alone = self_attention(text, layout.heads, {{0, 1, g.length}});
      EXPECT_LE(largest_difference(part, alone), 1e-5);
    }
  }
}

TEST_P(SelfAttention, GradientsAreThoseOfThePlainFormula) {
  const Layout& layout = GetParam();
  const at::Tensor qkv = at::randn({tokens(), 3 * layout.size});
  const at::Tensor direction = at::randn({tokens(), layout.size});
  const at::Tensor ours = qkv.clone().requires_grad_(true);
  (self_attention(ours, layout.heads, layout.groups) * direction).sum().backward();

  const at::Tensor plain = qkv.clone().requires_grad_(true);
  for (const LengthGroup& g : layout.groups) {
    for (int64_t i = 0; i < g.count; ++i) {
      const int64_t start = g.offset + i * g.length;
      (plain_attention(plain.narrow(0, start, g.length), layout.heads) *
       direction.narrow(0, start, g.length))
          .sum()
          .backward();
    }
  }
  EXPECT_LE(largest_difference(ours.grad(), plain.grad()), 1e-4);
}

INSTANTIATE_TEST_SUITE_P(
    Nn, SelfAttention,
    testing::Values(Layout{"OneToken", 2, 8, {{0, 1, 1}}}, Layout{"OneText", 4, 32, {{0, 1, 9}}},
                    Layout{"EqualLengths", 4, 32, {{0, 3, 5}}},
                    Layout{"SeveralGroups", 4, 32, {{0, 2, 7}, {14, 3, 4}, {26, 1, 2}}},
                    Layout{"OddSizes", 3, 30, {{0, 1, 13}, {13, 2, 3}}},
                    Layout{"OneHead", 1, 6, {{0, 2, 3}}},
                    Layout{"LongText", 2, 16, {{0, 1, 600}, {600, 2, 3}}}),
    [](const auto& info) { return info.param.name; });

TEST(SelfAttentionDropout, DropsWeightsAtRandom) {
  at::manual_seed(1);
  const at::Tensor qkv = at::randn({8, 24});
  const at::Tensor none = self_attention(qkv, 2, {{0, 1, 8}}, 0.0);
  const at::Tensor some = self_attention(qkv, 2, {{0, 1, 8}}, 0.5);
  EXPECT_GT(largest_difference(none, some), 1e-3);
  EXPECT_TRUE(at::equal(none, self_attention(qkv, 2, {{0, 1, 8}})));
}

/// The formula for one text, query head by query head, in double.
at::Tensor described(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                     const AttentionConfig& c, const at::Tensor& bias) {
  const int64_t length = q.size(0);
  const at::Tensor places = at::arange(length, at::kLong);
  const at::Tensor distance = places.unsqueeze(0) - places.unsqueeze(1);
  const at::Tensor hidden = distance.gt(c.right) | distance.lt(-c.left);
  std::vector<at::Tensor> outputs;
  for (int64_t h = 0; h < c.heads; ++h) {
    const int64_t shared = h / (c.heads / c.key_value_heads) * c.head_size;
    const auto part = [&](const at::Tensor& t, int64_t column) {
      return t.narrow(1, column, c.head_size).to(at::kDouble);
    };
    at::Tensor scores = part(q, h * c.head_size).matmul(part(k, shared).t()) * c.scale;
    if (bias.defined()) scores = scores + bias[h].to(at::kDouble);
    scores = scores.masked_fill(hidden, -std::numeric_limits<double>::infinity());
    outputs.push_back(at::softmax(scores, 1).matmul(part(v, shared)));
  }
  return at::cat(outputs, 1);
}

class DescribedAttention : public testing::TestWithParam<AttentionConfig> {};

TEST_P(DescribedAttention, EqualsTheFormulaWithAndWithoutGradients) {
  at::manual_seed(11);
  const AttentionConfig& c = GetParam();
  const std::vector<LengthGroup> groups = {{0, 1, 70}, {70, 3, 9}, {97, 2, 1}};
  const int64_t tokens = 99, keys = c.key_value_heads * c.head_size;
  const at::Tensor all = at::randn({tokens, c.heads * c.head_size + 2 * keys});
  const at::Tensor q = all.narrow(1, 0, c.heads * c.head_size);
  const at::Tensor k = all.narrow(1, q.size(1), keys), v = all.narrow(1, q.size(1) + keys, keys);
  const at::Tensor table = at::randn({c.heads, 2 * 70 - 1});
  std::vector<at::Tensor> dense;
  for (const LengthGroup& g : groups)
    dense.push_back(at::randn({g.count, c.heads, g.length, g.length}));
  for (const int kind : {0, 1, 2}) {
    SCOPED_TRACE(kind);
    AttentionExtras extras;
    if (kind == 1) extras.distance_bias = table;
    if (kind == 2) extras.dense_bias = dense;
    at::Tensor found;
    {
      const at::NoGradGuard no_grad;
      found = attend(q, k, v, c, groups, extras).clone();
    }
    EXPECT_LE(largest_difference(attend(q, k, v, c, groups, extras), found), 2e-5);
    for (size_t i = 0; i < groups.size(); ++i) {
      const LengthGroup& g = groups[i];
      for (int64_t text = 0; text < g.count; ++text) {
        const auto rows = [&](const at::Tensor& t) {
          return t.narrow(0, g.offset + text * g.length, g.length);
        };
        at::Tensor bias;
        if (kind == 1) {
          const at::Tensor places = at::arange(g.length, at::kLong);
          const at::Tensor column = places.unsqueeze(0) - places.unsqueeze(1) + 69;
          bias = table.index_select(1, column.flatten()).view({c.heads, g.length, g.length});
        }
        if (kind == 2) bias = dense[i][text];
        EXPECT_LE(largest_difference(rows(found), described(rows(q), rows(k), rows(v), c, bias)),
                  2e-5);
      }
    }
  }
}

constexpr int64_t kAll = AttentionConfig::kUnlimited;
INSTANTIATE_TEST_SUITE_P(Nn, DescribedAttention,
                         testing::Values(AttentionConfig{2, 2, 16, 0.3, kAll, kAll},
                                         AttentionConfig{4, 2, 16, 0.2, kAll, 0},
                                         AttentionConfig{6, 1, 32, 0.2, 5, 0},
                                         AttentionConfig{2, 2, 48, 1.0, 8, 8},
                                         AttentionConfig{3, 3, 12, 0.3, 4, 2},
                                         AttentionConfig{4, 1, 10, 0.3, kAll, 0}));

TEST(PackTokens, PutsTextsSideBySide) {
  const std::vector<int64_t> a = {5, 6, 7}, b = {8, 9, 1}, c = {2};
  const std::vector<int64_t> zeros = {0, 0, 0}, mixed = {0, 1, 1}, zero = {0};
  const TokenBatch batch = pack_tokens({a, b, c}, {zeros, mixed, zero}, at::kCPU);
  const auto expect = [](const at::Tensor& found, const std::vector<int64_t>& wanted) {
    EXPECT_TRUE(at::equal(found, at::tensor(wanted, at::kLong)));
  };
  expect(batch.ids, {5, 6, 7, 8, 9, 1, 2});
  expect(batch.type_ids, {0, 0, 0, 0, 1, 1, 0});
  expect(batch.positions, {0, 1, 2, 0, 1, 2, 0});
  ASSERT_EQ(batch.groups.size(), 2u);
  EXPECT_EQ(batch.groups[0].count, 2);
  EXPECT_EQ(batch.groups[0].length, 3);
  EXPECT_EQ(batch.groups[1].offset, 6);
  EXPECT_EQ(batch.texts(), 3);
}

}  // namespace
}  // namespace sentence_transformers
