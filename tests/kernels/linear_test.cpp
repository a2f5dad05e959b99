// Products and epilogues of every set against double precision, and how numbers become bytes.
#include "kernels/loops.h"

namespace sentence_transformers::kernels {
namespace {

/// Weights as a layer has them. Gated ones have 2 * outputs rows: those of the first half, then
/// those of the second; packing interleaves them as kernels.h asks.
struct Layer {
  int64_t in, outputs;
  bool gated;
  std::vector<float> weights, bias;

  Layer(int64_t in, int64_t outputs, bool gated, Random& random)
      : in(in), outputs(outputs), gated(gated) {
    const int64_t rows = gated ? 2 * outputs : outputs;
    weights = random.numbers(rows * in, 2 / std::sqrt(static_cast<float>(in)));
    bias = random.numbers(rows);
  }
  int64_t columns() const { return gated ? 2 * outputs : outputs; }

  /// Packed row to the layer's row, -1 for padding.
  std::vector<int64_t> order(int64_t lanes) const {
    std::vector<int64_t> rows;
    if (!gated) {
      for (int64_t o = 0; o < outputs; ++o) rows.push_back(o);
      return rows;
    }
    for (int64_t block = 0; block < outputs; block += lanes) {
      for (const int64_t half : {int64_t{0}, outputs}) {
        for (int64_t o = block; o < block + lanes; ++o) {
          rows.push_back(o < outputs ? half + o : -1);
        }
      }
    }
    return rows;
  }
  template <class T>
  static std::vector<T> gather(const std::vector<T>& from, const std::vector<int64_t>& rows,
                               int64_t size) {
    std::vector<T> to(rows.size() * static_cast<size_t>(size));
    for (size_t i = 0; i < rows.size(); ++i) {
      if (rows[i] >= 0) {
        std::copy_n(from.begin() + rows[i] * size, size,
                    to.begin() + static_cast<int64_t>(i) * size);
      }
    }
    return to;
  }
  template <class T>
  static std::vector<T> padded(std::vector<T> v) {
    v.resize(static_cast<size_t>(round_up(static_cast<int64_t>(v.size()), kColumns)));
    return v;
  }

  /// What row x gives in the end.
  template <class T, class W>
  double expected(const T* x, const W* w, int64_t output, Activation activation) const {
    return activated(activation, dot(x, w, output)) * factor(x, w, output);
  }
  /// What the activation is multiplied with, its error too.
  template <class T, class W>
  double factor(const T* x, const W* w, int64_t output) const {
    return gated ? dot(x, w, outputs + output) : 1;
  }
  template <class T, class W>
  double dot(const T* x, const W* w, int64_t row) const {
    double sum = bias[row];
    for (int64_t k = 0; k < in; ++k) {
      sum += static_cast<double>(widen(x[k])) * widen(w[row * in + k]);
    }
    return sum;
  }
};

constexpr int64_t kShapes[][2] = {{1, 1},   {2, 15},   {7, 5},    {8, 16},  {30, 37},
                                  {33, 32}, {64, 130}, {384, 64}, {100, 47}};
constexpr int64_t kRowCounts[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 25, 40};
constexpr int64_t kGap = 3;

class Product : public EachSet {
 protected:
  /// For all shapes, with and without a gate: run(layer, rows, epilogue).
  template <class F>
  void for_all(int64_t depth_step, F run) {
    Random random(5);
    for (const auto& [in, outputs] : kShapes) {
      for (const bool gated : {false, true}) {
        const Layer layer(round_up(in, depth_step), outputs, gated, random);
        int turn = 0;
        for (const int64_t rows : kRowCounts) {
          for (const Activation activation : kActivations) {
            if (rows != 3 && activation != Activation::none &&
                activation != kActivations[1 + turn++ % 6]) {
              continue;
            }
            SCOPED_TRACE(std::to_string(layer.in) + " to " + std::to_string(outputs) + ", rows " +
                         std::to_string(rows) + ", activation " +
                         std::to_string(static_cast<int>(activation)) + (gated ? " gated" : ""));
            run(layer, rows, Epilogue{activation, gated});
          }
        }
      }
    }
  }
  /// y against x [rows, in] times w; `absolute` counts before a gate.
  template <class T, class X, class W>
  void compare(const Layer& layer, int64_t rows, Activation activation, const Guarded<T>& y,
               const X& x, const W& w, double relative, double absolute) {
    EXPECT_TRUE(y.intact());
    const int64_t stride = layer.outputs + kGap;
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t o = 0; o < layer.outputs; ++o) {
        const auto* row = x.data() + i * layer.in;
        const double wanted = layer.expected(row, w.data(), o, activation);
        const double factor = std::max(1.0, std::fabs(layer.factor(row, w.data(), o)));
        ASSERT_NEAR(widen(y.numbers[i * stride + o]), wanted,
                    absolute * factor + relative * std::fabs(wanted))
            << i << ' ' << o;
      }
      for (int64_t o = layer.outputs; o < stride; ++o) {
        ASSERT_EQ(widen(y.numbers[i * stride + o]), kCanary) << i << ' ' << o;
      }
    }
  }
};

TEST_P(Product, Float32) {
  for_all(1, [&](const Layer& layer, int64_t rows, Epilogue epilogue) {
    const auto x = Random(9).numbers(rows * layer.in, 2);
    const auto order = layer.order(loops.lanes);
    const auto weights = Layer::gather(layer.weights, order, layer.in);
    const auto bias = Layer::padded(Layer::gather(layer.bias, order, 1));
    const auto out = static_cast<int64_t>(order.size());
    Guarded<float> panels(packed_size(out, layer.in));
    loops.pack_f32(weights.data(), out, layer.in, panels.data());
    EXPECT_TRUE(panels.intact());
    const int64_t stride = layer.outputs + kGap;
    Guarded<float> y(rows * stride);
    loops.linear_f32(x.data(), rows, {panels.data(), bias.data(), layer.in}, 0, layer.columns(),
                     epilogue, y.data(), stride);
    compare(layer, rows, epilogue.activation, y, x, layer.weights, 5e-6, 1e-5);
  });
}

TEST_P(Product, Bfloat16) {
  if (!loops.linear_bf16) GTEST_SKIP() << loops.name << " has no products of bfloat16";
  for_all(2, [&](const Layer& layer, int64_t rows, Epilogue epilogue) {
    const auto x = Random(9).numbers<uint16_t>(rows * layer.in, 2);
    const auto order = layer.order(loops.lanes);
    std::vector<uint16_t> halves;
    for (const float w : layer.weights) halves.push_back(narrow<uint16_t>(w));
    const auto weights = Layer::gather(halves, order, layer.in);
    const auto bias = Layer::padded(Layer::gather(layer.bias, order, 1));
    const auto out = static_cast<int64_t>(order.size());
    Guarded<uint16_t> panels(packed_size(out, layer.in));
    loops.pack_bf16(weights.data(), out, layer.in, panels.data());
    EXPECT_TRUE(panels.intact());
    const int64_t stride = layer.outputs + kGap;
    Guarded<uint16_t> y(rows * stride);
    loops.linear_bf16(x.data(), rows, {panels.data(), bias.data(), layer.in}, 0, layer.columns(),
                      epilogue, y.data(), stride);
    compare(layer, rows, epilogue.activation, y, x, halves, 0.004, 2.5e-4);
  });
}

TEST_P(Product, Int8) {
  for_all(1, [&](const Layer& layer, int64_t rows, Epilogue epilogue) {
    const int64_t depth = round_up(layer.in, kInt8Depth);
    const auto order = layer.order(loops.lanes);
    const auto out = static_cast<int64_t>(order.size());
    const auto rows_of = static_cast<int64_t>(layer.bias.size());
    std::vector<int8_t> bytes(layer.weights.size());
    std::vector<float> scales(rows_of), dequantized(layer.weights.size());
    std::vector<int32_t> sums(rows_of);
    for (int64_t o = 0; o < rows_of; ++o) {
      int8_t* const row = bytes.data() + o * layer.in;
      quantize_weights(layer.weights.data() + o * layer.in, layer.in, row, scales[o], sums[o]);
      for (int64_t k = 0; k < layer.in; ++k) {
        dequantized[o * layer.in + k] = scales[o] * static_cast<float>(row[k]);
      }
    }
    std::vector<int8_t> panels(static_cast<size_t>(packed_int8_size(out, layer.in)) + 1, 77);
    loops.pack_int8(Layer::gather(bytes, order, layer.in).data(), out, layer.in, panels.data());
    EXPECT_EQ(panels.back(), 77);
    const auto bias = Layer::padded(Layer::gather(layer.bias, order, 1));
    const auto packed_scales = Layer::padded(Layer::gather(scales, order, 1));
    const auto packed_sums = Layer::padded(Layer::gather(sums, order, 1));

    Random random(11);
    std::vector<uint8_t> q(static_cast<size_t>(rows * depth));
    std::vector<RowQuantization> quantization;
    std::vector<float> x(static_cast<size_t>(rows * layer.in));
    for (int64_t i = 0; i < rows; ++i) {
      quantization.push_back({0.01f + 0.001f * static_cast<float>(i), 100 + static_cast<int>(i)});
      for (int64_t k = 0; k < layer.in; ++k) {
        const auto byte = static_cast<uint8_t>(random.next());
        q[i * depth + k] = byte;
        x[i * layer.in + k] =
            quantization[i].scale * static_cast<float>(byte - quantization[i].zero);
      }
    }
    const int64_t stride = layer.outputs + kGap;
    Guarded<float> y(rows * stride);
    loops.linear_int8(q.data(), quantization.data(), rows,
                      {panels.data(), packed_sums.data(), packed_scales.data(), bias.data(), depth},
                      0, layer.columns(), epilogue, y.data(), stride);
    compare(layer, rows, epilogue.activation, y, x, dequantized, 1e-5,
            epilogue.activation == Activation::gelu ? 2.2e-4 : 2e-5);
  });
}

TEST_P(Product, PartsOfTheColumnsAndRowsGiveTheSameBits) {
  Random random;
  const Layer layer(48, 200, false, random), gated(48, 100, true, random);
  const auto x = random.numbers(13 * 48);
  for (const Layer* l : {&layer, &gated}) {
    const auto order = l->order(loops.lanes);
    const auto out = static_cast<int64_t>(order.size());
    const auto bias = Layer::padded(Layer::gather(l->bias, order, 1));
    std::vector<float> panels(static_cast<size_t>(packed_size(out, 48)));
    loops.pack_f32(Layer::gather(l->weights, order, 48).data(), out, 48, panels.data());
    const PackedF32 packed = {panels.data(), bias.data(), 48};
    const Epilogue epilogue = {Activation::silu, l->gated};
    const int64_t divisor = l->gated ? 2 : 1;
    std::vector<float> whole(13 * l->outputs), parts(13 * l->outputs);
    loops.linear_f32(x.data(), 13, packed, 0, l->columns(), epilogue, whole.data(), l->outputs);
    for (int64_t first = 0; first < l->columns(); first += kColumns) {
      const int64_t columns = std::min(kColumns, l->columns() - first);
      for (int64_t row = 0; row < 13; ++row) {
        loops.linear_f32(x.data() + row * 48, 1, packed, first, columns, epilogue,
                         parts.data() + row * l->outputs + first / divisor, l->outputs);
      }
    }
    EXPECT_EQ(whole, parts);
  }
}

/// Each activation over [-50, 50]: an input and weights of 1.
TEST_P(Product, TheLargestOfSomeRows) {
  Random random(11);
  for (const int64_t depth : {1, 3, 64, 128}) {
    for (const int64_t columns : {1, 31, 32, 33, 100}) {
      const auto weights = random.numbers(columns * depth);
      std::vector<float> panels(static_cast<size_t>(packed_size(columns, depth)));
      loops.pack_f32(weights.data(), columns, depth, panels.data());
      for (const int64_t rows : {0, 1, 5, 6, 7, 12, 13, 50}) {
        SCOPED_TRACE(std::to_string(depth) + " " + std::to_string(columns) + " " +
                     std::to_string(rows));
        const auto x = random.numbers(rows * depth);
        Guarded<float> largest(round_up(columns, kColumns));
        loops.largest_products(x.data(), rows, panels.data(), depth, columns, largest.data());
        EXPECT_TRUE(largest.intact());
        for (int64_t c = 0; c < columns; ++c) {
          double expected = -std::numeric_limits<double>::infinity();
          for (int64_t r = 0; r < rows; ++r) {
            double product = 0;
            for (int64_t k = 0; k < depth; ++k) {
              product += static_cast<double>(x[r * depth + k]) * weights[c * depth + k];
            }
            expected = std::max(expected, product);
          }
          if (rows == 0) {
            EXPECT_EQ(largest.numbers[c], expected);
          } else {
            EXPECT_NEAR(largest.numbers[c], expected, 1e-5);
          }
        }
      }
    }
  }
}

TEST_P(Product, ActivationsAreExact) {
  std::vector<float> one(kColumns), bias(kColumns), x, y;
  one[0] = 1;
  for (int i = -500000; i <= 500000; ++i) x.push_back(static_cast<float>(i) * 1e-4f);
  for (const float far : {-1e4f, -1e10f, -3e38f, 1e4f, 1e10f, 3e38f}) x.push_back(far);
  const auto rows = static_cast<int64_t>(x.size());
  y.resize(x.size());
  for (const Activation activation : kActivations) {
    loops.linear_f32(x.data(), rows, {one.data(), bias.data(), 1}, 0, 1, {activation, false},
                     y.data(), 1);
    // Exact GELU: 3e-7 and the rounding of float32.
    const bool gelu = activation == Activation::gelu;
    for (int64_t i = 0; i < rows; ++i) {
      const double size = std::fabs(static_cast<double>(x[i]));
      const double bound = gelu ? 3e-7 + 6e-8 * size : 1e-6 * std::max(1.0, size);
      ASSERT_LE(std::fabs(y[i] - activated(activation, x[i])), bound)
          << static_cast<int>(activation) << ' ' << x[i];
    }
    const float nan = NAN;
    float result = 0;
    loops.linear_f32(&nan, 1, {one.data(), bias.data(), 1}, 0, 1, {activation, false}, &result, 1);
    EXPECT_TRUE(std::isnan(result)) << static_cast<int>(activation);
  }
}

void expect_rough_gelu(double x, double y, double rounding) {
  const double wanted = activated(Activation::gelu, x);
  ASSERT_LT(std::fabs(y - wanted), 2e-4 + rounding * std::fabs(x)) << x;
  if (x >= 4) {
    ASSERT_LE(std::fabs(y - x), rounding * x) << x;
  }
  if (x <= -4) {
    ASSERT_EQ(y, 0) << x;
  }
}

TEST_P(Product, RoughGeluIsWithinItsBound) {
  std::vector<int8_t> panels(kColumns * kInt8Depth);
  panels[0] = 1;
  std::vector<int32_t> sums(kColumns);
  std::vector<float> scales(kColumns), bias(kColumns);
  sums[0] = 1;
  scales[0] = 1;
  const uint8_t q[kInt8Depth] = {1};  // x = (1 - 0) * scale
  for (int i = -100000; i <= 100000; ++i) {
    const float x = static_cast<float>(i) * 5e-4f;
    const RowQuantization quantization = {x, 0};
    float y = 0;
    loops.linear_int8(q, &quantization, 1,
                      {panels.data(), sums.data(), scales.data(), bias.data(), kInt8Depth}, 0, 1,
                      {Activation::gelu, false}, &y, 1);
    expect_rough_gelu(x, y, 1e-7);
  }
  if (!loops.linear_bf16) return;
  std::vector<uint16_t> pairs(2 * kColumns);
  pairs[0] = narrow<uint16_t>(1);
  for (int i = -5000; i <= 5000; ++i) {
    const uint16_t x[2] = {narrow<uint16_t>(static_cast<float>(i) * 0.01f), 0};
    uint16_t y = 0;
    loops.linear_bf16(x, 1, {pairs.data(), bias.data(), 2}, 0, 1, {Activation::gelu, false}, &y, 1);
    expect_rough_gelu(widen(x[0]), widen(y), 0.004);
  }
}

TEST_P(Product, QuantizeRowsGivesOneRangeARow) {
  for (const int64_t size : {1, 3, 8, 16, 37, 384}) {
    constexpr int64_t kRows = 6;
    const int64_t padded = round_up(size, kInt8Depth) + 4;
    auto x = Random(static_cast<uint64_t>(size)).numbers(kRows * size, 3);
    for (int64_t k = 0; k < size; ++k) {
      x[1 * size + k] = std::fabs(x[1 * size + k]);
      x[2 * size + k] = -std::fabs(x[2 * size + k]);
      x[3 * size + k] = 0;
      x[4 * size + k] *= 1e-42f;  // no normal number left
    }
    std::vector<uint8_t> q(static_cast<size_t>(kRows * padded) + 1, 77);
    std::vector<RowQuantization> quantization(kRows);
    loops.quantize_rows(x.data(), kRows, size, padded, q.data(), quantization.data());
    EXPECT_EQ(q.back(), 77);
    for (int64_t i = 0; i < kRows; ++i) {
      const auto [scale, zero] = quantization[i];
      float low = 0, high = 0;
      for (int64_t k = 0; k < size; ++k) {
        low = std::min(low, x[i * size + k]);
        high = std::max(high, x[i * size + k]);
      }
      EXPECT_FLOAT_EQ(scale, (high - low) / 255);
      for (int64_t k = 0; k < padded; ++k) {
        const int byte = q[i * padded + k];
        if (k >= size) {
          ASSERT_EQ(byte, 0);
        } else if (scale > 1e-37f) {
          ASSERT_NEAR(static_cast<float>(byte - zero) * scale, x[i * size + k], scale * 1.001f);
        }
      }
    }
  }
}

TEST_P(Product, RowsThatAreNotFiniteGiveNan) {
  for (const int64_t size : {3, 37}) {
    for (const float bad : {NAN, kInfinity, -kInfinity}) {
      for (const int64_t at : {int64_t{0}, size - 1}) {
        auto x = Random().numbers(2 * size);
        x[at] = bad;
        const int64_t depth = round_up(size, kInt8Depth);
        std::vector<uint8_t> q(2 * depth);
        std::vector<RowQuantization> quantization(2);
        loops.quantize_rows(x.data(), 2, size, depth, q.data(), quantization.data());
        const std::vector<int8_t> panels(kColumns * depth, 1);
        const std::vector<int32_t> sums(kColumns, static_cast<int>(size));
        const std::vector<float> ones(kColumns, 1.0f);
        float y[2];
        loops.linear_int8(q.data(), quantization.data(), 2,
                          {panels.data(), sums.data(), ones.data(), ones.data(), depth}, 0, 1,
                          {Activation::gelu, false}, y, 1);
        EXPECT_TRUE(std::isnan(y[0])) << bad;
        EXPECT_TRUE(std::isfinite(y[1])) << bad;
      }
    }
  }
}

TEST(Sets, QuantizeToTheSameIntegers) {
  const auto x = Random().numbers(9 * 384);
  std::vector<std::vector<uint8_t>> results;
  for (const Kernels* loops : available()) {
    results.emplace_back(9 * 384);
    std::vector<RowQuantization> rows(9);
    loops->quantize_rows(x.data(), 9, 384, 384, results.back().data(), rows.data());
    EXPECT_EQ(results[0], results.back());
  }
}

TEST(Sets, QuantizeWeightsByTheirLargest) {
  std::vector<std::vector<float>> rows(4, Random().numbers(1536));
  for (float& w : rows[1]) w *= 1e-20f;
  for (float& w : rows[2]) w = 0;
  for (int i = 0; i < 1536; ++i) rows[3][i] = static_cast<float>(i % 255) - 127;  // scale 1
  const float ties[] = {0.5f, 1.5f, -0.5f, -2.5f};
  std::copy_n(ties, 4, rows[3].begin() + 300);
  for (const auto& row : rows) {
    std::vector<int8_t> bytes(1536);
    float scale = 0, largest = 0;
    int32_t sum = 0, total = 0;
    quantize_weights(row.data(), 1536, bytes.data(), scale, sum);
    for (const float w : row) largest = std::max(largest, std::fabs(w));
    ASSERT_EQ(scale, std::max(largest / 127, 1e-30f));
    for (int i = 0; i < 1536; ++i) {
      ASSERT_EQ(bytes[i], static_cast<int8_t>(std::nearbyint(row[i] / scale))) << i;
      total += bytes[i];
    }
    EXPECT_EQ(sum, total);
  }
}

INSTANTIATE_TEST_SUITE_P(Kernels, Product, testing::ValuesIn(available()), set_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Product);

}  // namespace
}  // namespace sentence_transformers::kernels
