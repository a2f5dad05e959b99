// The loops for processors with AVX-512 (F, BW, VL, DQ) and its 8-bit dot product (VNNI). Compiled
// for these alone: nothing here may be inline elsewhere.
#include <immintrin.h>

#include "kernels/kernels.h"

#define ST_LANES 16
#include "kernels/vector.h"
//
#include "kernels/loops.inc"

namespace {

using sentence_transformers::kernels::PackedInt8;

/// sum += the dot products of 4 unsigned and 4 signed bytes in each lane. As assembly, since GCC 12
/// copies the sums around an intrinsic.
inline __attribute__((always_inline)) void dot_bytes(__m512i& sum, __m512i a, __m512i b) {
  asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
}

/// A tile of `Rows` rows and one panel: two vectors of 16 outputs.
template <int Rows>
inline __attribute__((always_inline)) void int8_tile(const uint8_t* q,
                                                     const RowQuantization* quantization,
                                                     const PackedInt8& w, const int8_t* panel,
                                                     int64_t column, int64_t columns,
                                                     Epilogue epilogue, float* y, int64_t stride) {
  __m512i sums[Rows][2];  // stays in registers: only unrolled loops touch it
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r) sums[r][0] = sums[r][1] = _mm512_setzero_si512();
  for (int64_t k = 0; k < w.depth; k += 4) {
    const __m512i first = _mm512_loadu_si512(panel + k * kColumns);
    const __m512i second = _mm512_loadu_si512(panel + k * kColumns + 64);
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r) {
      int32_t four;
      __builtin_memcpy(&four, q + r * w.depth + k, 4);
      const __m512i a = _mm512_set1_epi32(four);
      dot_bytes(sums[r][0], a, first);
      dot_bytes(sums[r][1], a, second);
    }
  }
  __m512i exact[2][Rows];
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r) {
    exact[0][r] = sums[r][0];
    exact[1][r] = sums[r][1];
  }
  for (int v = 0; v < 2; ++v) {
    const int64_t at = column + v * 16, left = columns - v * 16;
    if (left <= 0) break;
    const auto mask = static_cast<__mmask16>(left >= 16 ? 0xFFFF : (1 << left) - 1);
    const __m512i weight_sum = _mm512_loadu_si512(w.sums + at);
    const __m512 scale = _mm512_loadu_ps(w.scales + at), bias = _mm512_loadu_ps(w.bias + at);
    for (int r = 0; r < Rows; ++r) {
      const __m512i zeros = _mm512_mullo_epi32(weight_sum, _mm512_set1_epi32(quantization[r].zero));
      const __m512 dot = _mm512_cvtepi32_ps(_mm512_sub_epi32(exact[v][r], zeros));
      Floats value = dot * (scale * quantization[r].scale) + bias;
      if (epilogue == Epilogue::gelu) value = rough_gelu(value);
      _mm512_mask_storeu_ps(y + r * stride + v * 16, mask, value);
    }
  }
}

void linear_int8(const uint8_t* q, const RowQuantization* quantization, int64_t rows,
                 const PackedInt8& w, int64_t first_column, int64_t columns, Epilogue epilogue,
                 float* y, int64_t stride) {
  constexpr int kRows = 12;
  for (int64_t c = 0; c < columns; c += kColumns) {
    const int64_t column = first_column + c;
    const int8_t* panel = w.panels + column * w.depth;
    int64_t i = 0;
    const auto tile = [&](auto run, int n) {
      run(q + i * w.depth, quantization + i, w, panel, column, columns - c, epilogue,
          y + i * stride + c, stride);
      i += n;
    };
    while (i + kRows <= rows) tile(int8_tile<kRows>, kRows);
    if (i + 8 <= rows) tile(int8_tile<8>, 8);
    if (i + 4 <= rows) tile(int8_tile<4>, 4);
    while (i < rows) tile(int8_tile<1>, 1);
  }
}

}  // namespace

namespace sentence_transformers::kernels {

extern const Kernels kAvx512;
const Kernels kAvx512 = {"avx512",
                         attention<float>,
                         attention<float>,
                         attention<uint16_t>,
                         add_layer_norm<float>,
                         add_layer_norm<uint16_t>,
                         linear,
                         quantize_rows,
                         linear_int8,
                         nullptr};

}  // namespace sentence_transformers::kernels
