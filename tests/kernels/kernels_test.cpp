// Every set of loops that this processor can run, against plain LibTorch.
#include "kernels/kernels.h"

#include "nn/attention.h"
#include "nn/layers.h"
#include "support.h"

namespace sentence_transformers::kernels {
namespace {

using namespace test;

class EachSet : public testing::TestWithParam<const Kernels*> {
 protected:
  const Kernels& loops = *GetParam();
  void SetUp() override { at::manual_seed(1); }
};

uint16_t* halves(const at::Tensor& t) { return static_cast<uint16_t*>(t.data_ptr()); }

/// softmax(q k^T / sqrt(d)) v in double, for one text and head of qkv [length, 3 * size].
at::Tensor reference(const at::Tensor& qkv, int64_t size, int64_t column, int64_t head_size) {
  const auto part = [&](int64_t i) {
    return qkv.narrow(1, i * size + column, head_size).to(at::kDouble);
  };
  const at::Tensor scores = part(0).matmul(part(1).t()) / std::sqrt(static_cast<double>(head_size));
  return scores.softmax(1).matmul(part(2));
}

TEST_P(EachSet, Attention) {
  for (const int64_t head_size : {16, 32, 48, 64}) {
    const int64_t size = 2 * head_size;
    for (const int64_t length : {1, 2, 5, 6, 7, 15, 16, 17, 63, 64, 65, 130}) {
      SCOPED_TRACE(std::to_string(head_size) + " x " + std::to_string(length));
      const at::Tensor qkv = at::randn({length, 3 * size});
      const at::Tensor out = at::full({length, size}, 7.f);
      std::vector<float> scratch(attention_scratch(length, head_size));
      const float scale = 1 / std::sqrt(static_cast<float>(head_size));
      loops.attention(qkv.data_ptr<float>() + head_size, length, size, head_size, scale,
                      out.data_ptr<float>() + head_size, scratch.data());
      EXPECT_LT(largest_difference(out.narrow(1, head_size, head_size),
                                   reference(qkv, size, head_size, head_size)),
                5e-6);
      EXPECT_TRUE(out.narrow(1, 0, head_size).eq(7).all().item<bool>());  // the neighbour's

      loops.attention_fast(qkv.data_ptr<float>(), length, size, head_size, scale,
                           out.data_ptr<float>(), scratch.data());
      EXPECT_LT(largest_difference(out.narrow(1, 0, head_size), reference(qkv, size, 0, head_size)),
                3e-2);

      const at::Tensor half = qkv.to(at::kBFloat16), half_out = out.to(at::kBFloat16);
      loops.attention_bf16(halves(half), length, size, head_size, scale, halves(half_out),
                           scratch.data());
      EXPECT_LT(
          largest_difference(half_out.narrow(1, 0, head_size), reference(half, size, 0, head_size)),
          2e-2);
    }
  }
}

TEST_P(EachSet, AttentionSurvivesLargeScores) {
  const at::Tensor qkv = at::randn({20, 3 * 32}) * 100;
  const at::Tensor out = at::empty({20, 32});
  std::vector<float> scratch(attention_scratch(20, 32));
  for (const auto attend : {loops.attention, loops.attention_fast}) {
    attend(qkv.data_ptr<float>(), 20, 32, 32, 1.0f, out.data_ptr<float>(), scratch.data());
    EXPECT_TRUE(out.isfinite().all().item<bool>());
  }
}

TEST_P(EachSet, AddLayerNorm) {
  for (const int64_t size : {16, 32, 384}) {
    const at::Tensor x = at::randn({5, size}) * 3 + 1, residual = at::randn({5, size});
    const at::Tensor weight = at::randn({size}), bias = at::randn({size});
    const at::Tensor out = at::empty_like(x);
    std::vector<float> scratch(size);
    loops.add_layer_norm(x.data_ptr<float>(), residual.data_ptr<float>(), weight.data_ptr<float>(),
                         bias.data_ptr<float>(), 1e-12f, 5, size, out.data_ptr<float>(),
                         scratch.data());
    EXPECT_LT(largest_difference(out, at::layer_norm(x + residual, {size}, weight, bias, 1e-12)),
              1e-5);
    loops.add_layer_norm(x.data_ptr<float>(), nullptr, weight.data_ptr<float>(),
                         bias.data_ptr<float>(), 1e-5f, 5, size, out.data_ptr<float>(),
                         scratch.data());
    EXPECT_LT(largest_difference(out, at::layer_norm(x, {size}, weight, bias, 1e-5)), 1e-5);

    const at::Tensor a = x.to(at::kBFloat16), b = residual.to(at::kBFloat16), c = at::empty_like(a);
    loops.add_layer_norm_bf16(halves(a), halves(b), weight.data_ptr<float>(),
                              bias.data_ptr<float>(), 1e-12f, 5, size, halves(c), scratch.data());
    const at::Tensor sum = a.to(at::kFloat) + b.to(at::kFloat);
    EXPECT_LT(largest_difference(c, at::layer_norm(sum, {size}, weight, bias, 1e-12)), 3e-2);
  }
}

TEST_P(EachSet, Linear) {
  for (const auto& [in, out] : {std::pair{1, 1}, {7, 5}, {30, 37}, {384, 64}, {64, 130}}) {
    for (const int64_t rows : {1, 3, 4, 8, 12, 13, 25, 40}) {
      SCOPED_TRACE(std::to_string(in) + " to " + std::to_string(out) + ", " + std::to_string(rows));
      const int64_t wide = round_up(out, kColumns);
      const at::Tensor x = at::randn({rows, in}), w = at::randn({out, in}) / std::sqrt(in);
      const at::Tensor bias = at::zeros({wide});
      bias.narrow(0, 0, out).copy_(at::randn({out}));
      std::vector<float> panels(packed_float_size(out, in));
      pack_float(w.data_ptr<float>(), out, in, panels.data());
      const PackedFloat packed{panels.data(), bias.data_ptr<float>(), in};
      const at::Tensor expected =
          at::linear(x.to(at::kDouble), w.to(at::kDouble), bias.narrow(0, 0, out).to(at::kDouble));
      for (const Epilogue epilogue : {Epilogue::none, Epilogue::gelu}) {
        const at::Tensor y = at::full({rows, out + 3}, 7.f);
        loops.linear(x.data_ptr<float>(), rows, packed, 0, out, epilogue, y.data_ptr<float>(),
                     out + 3);
        const at::Tensor wanted = epilogue == Epilogue::gelu ? at::gelu(expected) : expected;
        EXPECT_LT(largest_difference(y.narrow(1, 0, out), wanted), 1e-5);
        EXPECT_TRUE(y.narrow(1, out, 3).eq(7).all().item<bool>());
      }
    }
  }
}

TEST_P(EachSet, LinearBf16) {
  if (!loops.linear_bf16) GTEST_SKIP() << loops.name << " has no products of bfloat16";
  for (const auto& [in, out] : {std::pair{2, 1}, {30, 37}, {384, 64}, {64, 130}}) {
    for (const int64_t rows : {1, 3, 4, 8, 12, 13, 25, 40}) {
      SCOPED_TRACE(std::to_string(in) + " to " + std::to_string(out) + ", " + std::to_string(rows));
      const int64_t wide = round_up(out, kColumns);
      const at::Tensor x = at::randn({rows, in}).to(at::kBFloat16);
      const at::Tensor w = (at::randn({out, in}) / std::sqrt(in)).to(at::kBFloat16);
      const at::Tensor bias = at::zeros({wide});
      bias.narrow(0, 0, out).copy_(at::randn({out}));
      std::vector<uint16_t> panels(packed_float_size(out, in));
      pack_bf16(halves(w), out, in, panels.data());
      const PackedBf16 packed{panels.data(), bias.data_ptr<float>(), in};
      const at::Tensor expected =
          at::linear(x.to(at::kDouble), w.to(at::kDouble), bias.narrow(0, 0, out).to(at::kDouble));
      for (const Epilogue epilogue : {Epilogue::none, Epilogue::gelu}) {
        const at::Tensor y = at::full({rows, out + 3}, 7, at::kBFloat16);
        loops.linear_bf16(halves(x), rows, packed, 0, out, epilogue, halves(y), out + 3);
        const at::Tensor wanted = epilogue == Epilogue::gelu ? at::gelu(expected) : expected;
        const at::Tensor off = (y.narrow(1, 0, out).to(at::kDouble) - wanted).abs();
        EXPECT_LT((off - wanted.abs() * 0.004).max().item<double>(), 6e-4);
        EXPECT_TRUE(y.narrow(1, out, 3).eq(7).all().item<bool>());
      }
    }
  }
}

TEST_P(EachSet, QuantizeRowsGivesOneRangeARow) {
  for (const int64_t size : {3, 16, 37, 384}) {
    const int64_t padded = round_up(size, kInt8Depth);
    const at::Tensor x = at::randn({5, size});
    x[2].zero_();
    x[3].abs_();
    x[4].abs_().neg_();
    const at::Tensor q = at::empty({5, padded}, at::kByte);
    std::vector<RowQuantization> rows(5);
    loops.quantize_rows(x.data_ptr<float>(), 5, size, padded, q.data_ptr<uint8_t>(), rows.data());
    for (int64_t i = 0; i < 5; ++i) {
      const at::Tensor back = (q[i].to(at::kFloat) - rows[i].zero) * rows[i].scale;
      EXPECT_LE(largest_difference(back.narrow(0, 0, size), x[i]), rows[i].scale * 1.01);
      EXPECT_TRUE(q[i].narrow(0, size, padded - size).eq(0).all().item<bool>());
    }
    EXPECT_EQ(rows[2].scale, 0);
    EXPECT_EQ(rows[3].zero, 0);
    EXPECT_EQ(rows[4].zero, 255);
  }
}

TEST_P(EachSet, LinearInt8IsExactUpToScales) {
  for (const auto& [in, out] : {std::pair{8, 5}, {30, 37}, {384, 64}, {64, 130}}) {
    for (const int64_t rows : {1, 3, 4, 12, 13, 25, 40}) {
      SCOPED_TRACE(std::to_string(in) + " to " + std::to_string(out) + ", " + std::to_string(rows));
      const int64_t depth = round_up(in, kInt8Depth), wide = round_up(out, kColumns);
      const at::Tensor w = at::randint(-127, 128, {out, in}, at::kChar);
      const at::Tensor q = at::zeros({rows, depth}, at::kByte);
      q.narrow(1, 0, in).copy_(at::randint(0, 256, {rows, in}));
      std::vector<RowQuantization> quantization;
      const at::Tensor factors = at::rand({rows, 1}) * 0.01, zeros = at::randint(0, 256, {rows, 1});
      for (int64_t i = 0; i < rows; ++i) {
        quantization.push_back({factors[i][0].item<float>(), zeros[i][0].item<int32_t>()});
      }
      const at::Tensor scales = at::zeros({wide}), bias = at::zeros({wide});
      scales.narrow(0, 0, out).copy_(at::rand({out}) * 0.01);
      bias.narrow(0, 0, out).copy_(at::randn({out}));
      const at::Tensor sums = at::zeros({wide}, at::kInt);
      sums.narrow(0, 0, out).copy_(w.to(at::kInt).sum(1));
      std::vector<int8_t> panels(packed_int8_size(out, in));
      pack_int8(w.data_ptr<int8_t>(), out, in, panels.data());
      const PackedInt8 packed{panels.data(), sums.data_ptr<int32_t>(), scales.data_ptr<float>(),
                              bias.data_ptr<float>(), depth};

      const at::Tensor dots =
          (q.narrow(1, 0, in).to(at::kDouble) - zeros).matmul(w.to(at::kDouble).t());
      const at::Tensor expected =
          dots * factors * scales.narrow(0, 0, out) + bias.narrow(0, 0, out);
      for (const Epilogue epilogue : {Epilogue::none, Epilogue::gelu}) {
        const at::Tensor y = at::full({rows, out + 3}, 7.f);
        loops.linear_int8(q.data_ptr<uint8_t>(), quantization.data(), rows, packed, 0, out,
                          epilogue, y.data_ptr<float>(), out + 3);
        const at::Tensor wanted = epilogue == Epilogue::gelu ? at::gelu(expected) : expected;
        EXPECT_LT(largest_difference(y.narrow(1, 0, out), wanted), 2e-3);
        EXPECT_TRUE(y.narrow(1, out, 3).eq(7).all().item<bool>());
      }
    }
  }
}

TEST(Kernels, WeightsAsBytes) {
  at::manual_seed(3);
  const at::Tensor rows = at::randn({4, 1536});
  rows[1] *= 1e-20;
  rows[2].zero_();
  rows[3] = at::arange(1536).remainder(255) - 127.0;  // scale 1: ties and whole numbers
  rows[3][0] = 127.0;
  rows[3].narrow(0, 300, 4).copy_(at::tensor({0.5, 1.5, -0.5, -2.5}));
  for (int64_t i = 0; i < 4; ++i) {
    const at::Tensor bytes = at::empty({1536}, at::kChar);
    float scale = 0;
    int32_t sum = 0;
    quantize_weights(rows[i].const_data_ptr<float>(), 1536, bytes.data_ptr<int8_t>(), scale, sum);
    const at::Tensor wanted_scale = (rows[i].abs().max() / 127.0).clamp_min(1e-30);
    const at::Tensor wanted = (rows[i] / wanted_scale).round().to(at::kChar);
    EXPECT_EQ(scale, wanted_scale.item<float>());
    EXPECT_TRUE(at::equal(bytes, wanted)) << i;
    EXPECT_EQ(sum, wanted.to(at::kInt).sum().item<int32_t>());
  }
}

TEST(Kernels, SetsGiveTheSameIntegers) {
  const auto sets = available();
  if (sets.size() < 2) GTEST_SKIP() << "this processor has one set at most";
  at::manual_seed(2);
  const at::Tensor x = at::randn({9, 384});
  std::vector<at::Tensor> results;
  for (const Kernels* loops : sets) {
    results.push_back(at::empty({9, 384}, at::kByte));
    std::vector<RowQuantization> rows(9);
    loops->quantize_rows(x.data_ptr<float>(), 9, 384, 384, results.back().data_ptr<uint8_t>(),
                         rows.data());
    EXPECT_TRUE(at::equal(results[0], results.back()));
  }
}

std::string set_name(const testing::TestParamInfo<const Kernels*>& info) {
  return info.param->name;
}
INSTANTIATE_TEST_SUITE_P(Kernels, EachSet, testing::ValuesIn(available()), set_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(EachSet);

TEST(Kernels, LayerNormAddsTheResidualOnEveryPath) {
  TempDir dir;
  for (const int64_t size : {48, 50}) {  // with a loop, and without one
    const at::Tensor weight = at::randn({size}), bias = at::randn({size});
    write_safetensors(dir.path() / "w.safetensors", {{"weight", weight}, {"bias", bias}});
    std::vector<SafeTensors> files;
    files.push_back(SafeTensors::open(dir.path() / "w.safetensors"));
    LayerNorm norm(Weights(std::move(files)), size, 1e-12);
    const at::Tensor x = at::randn({70, size}), r = at::randn({70, size});
    const at::Tensor wanted = at::layer_norm(x + r, {size}, weight, bias, 1e-12);
    EXPECT_LT(largest_difference(norm.forward_add(x, r), wanted), 1e-5);  // autograd's path
    const at::NoGradGuard no_grad;
    EXPECT_LT(largest_difference(norm.forward_add(x, r), wanted), 1e-5);
    norm.to(at::kBFloat16);
    EXPECT_LT(
        largest_difference(norm.forward_add(x.to(at::kBFloat16), r.to(at::kBFloat16)), wanted),
        0.1);
  }
}

}  // namespace
}  // namespace sentence_transformers::kernels
