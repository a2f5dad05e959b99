// Norms and rotary positions of every set against double precision.
#include "kernels/loops.h"

namespace sentence_transformers::kernels {
namespace {

class Rows : public EachSet {
 protected:
  void norm(const float* x, const float* residual, const Norm& norm, int64_t rows, int64_t size,
            float* sum, float* out, float* scratch) {
    loops.norm_f32(x, residual, norm, rows, size, sum, out, scratch);
  }
  void norm(const uint16_t* x, const uint16_t* residual, const Norm& norm, int64_t rows,
            int64_t size, uint16_t* sum, uint16_t* out, float* scratch) {
    loops.norm_bf16(x, residual, norm, rows, size, sum, out, scratch);
  }
  void rotate(float* x, int64_t heads, int64_t size, const float* cos, const float* sin) {
    loops.rotate_f32(x, heads, size, cos, sin);
  }
  void rotate(uint16_t* x, int64_t heads, int64_t size, const float* cos, const float* sin) {
    loops.rotate_bf16(x, heads, size, cos, sin);
  }

  template <class T>
  void check_norm(int64_t size, int options) {
    const auto on = [&](int bit) { return (options >> bit & 1) != 0; };
    const bool centred = on(0), has_bias = on(1), has_residual = on(2), has_sum = on(3);
    SCOPED_TRACE("size " + std::to_string(size) + ", options " + std::to_string(options));
    constexpr int64_t kRows = 3;
    Random random(static_cast<uint64_t>(size));
    auto x = random.numbers<T>(kRows * size, 3);
    const auto residual = random.numbers<T>(kRows * size);
    const auto weight = random.numbers(size), bias = random.numbers(size);
    const auto given = x;
    Guarded<T> out(kRows * size), sum(kRows * size);
    Guarded<float> scratch(size);
    T* const to = on(4) ? x.data() : out.data();
    norm(x.data(), has_residual ? residual.data() : nullptr,
         {weight.data(), has_bias ? bias.data() : nullptr, 1e-5f, centred}, kRows, size,
         has_sum ? sum.data() : nullptr, to, scratch.data());
    EXPECT_TRUE(out.intact() && sum.intact() && scratch.intact());
    const double step = std::is_same_v<T, float> ? 2e-6 : 0.004;  // relative
    for (int64_t i = 0; i < kRows; ++i) {
      std::vector<double> v(static_cast<size_t>(size));
      double mean = 0, squares = 0;
      for (int64_t k = 0; k < size; ++k) {
        v[k] = static_cast<double>(widen(given[i * size + k])) +
               (has_residual ? widen(residual[i * size + k]) : 0);
        mean += v[k] / static_cast<double>(size);
        ASSERT_NEAR(widen(sum.numbers[i * size + k]), has_sum ? v[k] : kCanary, step * 4);
      }
      if (!centred) mean = 0;
      for (const double d : v) squares += (d - mean) * (d - mean) / static_cast<double>(size);
      for (int64_t k = 0; k < size; ++k) {
        const double wanted =
            (v[k] - mean) / std::sqrt(squares + 1e-5) * weight[k] + (has_bias ? bias[k] : 0);
        ASSERT_NEAR(widen(to[i * size + k]), wanted, step * (1 + std::fabs(wanted))) << i;
      }
    }
  }

  template <class T>
  void check_rotate(int64_t head_size) {
    constexpr int64_t kHeads = 3;
    Random random(static_cast<uint64_t>(head_size));
    Guarded<T> x(kHeads * head_size);
    const auto given = random.numbers<T>(kHeads * head_size);
    std::copy(given.begin(), given.end(), x.numbers.begin());
    const int64_t half = head_size / 2;
    const auto cos = random.numbers(half), sin = random.numbers(half);
    rotate(x.data(), kHeads, head_size, cos.data(), sin.data());
    EXPECT_TRUE(x.intact());
    const double step = std::is_same_v<T, float> ? 1e-6 : 0.008;
    for (int64_t i = 0; i < kHeads * head_size; ++i) {
      const int64_t k = i % head_size, at = k % half, head = i - k;
      const double a = widen(given[head + at]), b = widen(given[head + half + at]);
      const double wanted = k < half ? a * cos[at] - b * sin[at] : b * cos[at] + a * sin[at];
      ASSERT_NEAR(widen(x.numbers[i]), wanted, step) << head_size << ' ' << i;
    }
  }
};

TEST_P(Rows, Norms) {
  for (const int64_t size : {16, 32, 48, 384, 400}) {
    for (int options = 0; options < 32; ++options) {
      check_norm<float>(size, options);
      check_norm<uint16_t>(size, options);
    }
  }
}

TEST_P(Rows, TheSumMayReplaceWhatItIsOf) {
  Random random;
  const auto x = random.numbers(96), residual = random.numbers(96), weight = random.numbers(48);
  std::vector<float> scratch(48), out(96), sum(96), again(96), a = x, b = residual;
  const Norm rms = {weight.data(), nullptr, 1e-6f, false};
  norm(x.data(), residual.data(), rms, 2, 48, sum.data(), out.data(), scratch.data());
  norm(a.data(), residual.data(), rms, 2, 48, a.data(), again.data(), scratch.data());
  EXPECT_EQ(a, sum);
  EXPECT_EQ(out, again);
  norm(x.data(), b.data(), rms, 2, 48, b.data(), again.data(), scratch.data());
  EXPECT_EQ(b, sum);
  EXPECT_EQ(out, again);
  b = residual;
  norm(x.data(), b.data(), rms, 2, 48, nullptr, b.data(), scratch.data());
  EXPECT_EQ(b, out);
}

TEST_P(Rows, NormsOfRowsThatAreNotFinite) {
  const std::vector<float> weight(32, 1.0f);
  std::vector<float> scratch(32);
  for (const float bad : {NAN, kInfinity}) {
    for (const bool centred : {true, false}) {
      std::vector<float> x = Random().numbers(96), out(96);
      x[32 + 7] = bad;
      norm(x.data(), nullptr, {weight.data(), nullptr, 1e-5f, centred}, 3, 32, nullptr, out.data(),
           scratch.data());
      for (int64_t k = 0; k < 96; ++k) {
        if (k / 32 != 1) {
          ASSERT_TRUE(std::isfinite(out[k]));
        } else if (std::isinf(bad) && !centred && k != 32 + 7) {
          ASSERT_EQ(out[k], 0);  // over an infinite root, as LibTorch has it
        } else {
          ASSERT_TRUE(std::isnan(out[k])) << k;
        }
      }
    }
  }
}

TEST_P(Rows, NanStaysNanInBfloat16) {
  std::vector<uint16_t> x = Random().numbers<uint16_t>(16), out(16);
  std::vector<float> weight(16, 1.0f), scratch(16);
  const uint32_t full = 0x7FFFFFFF;  // rounded like a number it would become -0
  std::memcpy(&weight[3], &full, 4);
  norm(x.data(), nullptr, {weight.data(), nullptr, 1e-5f, true}, 1, 16, nullptr, out.data(),
       scratch.data());
  for (int64_t k = 0; k < 16; ++k) EXPECT_EQ(std::isnan(widen(out[k])), k == 3) << k;
}

TEST_P(Rows, RotaryPositions) {
  for (int64_t head_size = 16; head_size <= 256; head_size += 16) {
    check_rotate<float>(head_size);
    check_rotate<uint16_t>(head_size);
  }
}

INSTANTIATE_TEST_SUITE_P(Kernels, Rows, testing::ValuesIn(available()), set_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Rows);

}  // namespace
}  // namespace sentence_transformers::kernels
