// The loops for processors with AVX-512 (F, BW, VL, DQ) and its 8-bit dot product (VNNI). Compiled
// for these alone: nothing here may be inline elsewhere.
#include <immintrin.h>

#include "kernels/sets.h"

#define ST_LANES 16
#include "kernels/vector.h"
//
#include "kernels/row_tiles.inc"
//
#include "kernels/activations.inc"
#include "kernels/attention.inc"
//
#include "kernels/attention_f32.inc"
#include "kernels/linear.inc"
//
#include "kernels/linear_f32.inc"
#include "kernels/linear_int8.inc"
#include "kernels/maxsim.inc"
#include "kernels/norm.inc"
#include "kernels/quantize_rows.inc"
#include "kernels/rotary.inc"

namespace {

/// sum += the dot products of 4 unsigned and 4 signed bytes in each lane. As assembly, since GCC 12
/// copies the sums around an intrinsic.
ST_INLINE void dot_bytes(__m512i& sum, __m512i a, __m512i b) {
  asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
}

/// `Rows` rows and one panel: the sums of bytes [Rows, kColumns].
template <int Rows>
[[gnu::noinline]] void int8_tile(const uint8_t* q, int64_t depth, const int8_t* panel,
                                 float* sums) {
  __m512i first[Rows], second[Rows];  // stay in registers: only unrolled loops touch them
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r) first[r] = second[r] = _mm512_setzero_si512();
  for (int64_t k = 0; k < depth; k += 4) {
    const __m512i b = _mm512_loadu_si512(panel + k * kColumns);
    const __m512i c = _mm512_loadu_si512(panel + k * kColumns + 64);
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r) {
      int32_t four;
      __builtin_memcpy(&four, q + r * depth + k, 4);
      const __m512i a = _mm512_set1_epi32(four);
      dot_bytes(first[r], a, b);
      dot_bytes(second[r], a, c);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r) {
    _mm512_storeu_si512(sums + r * kColumns, first[r]);
    _mm512_storeu_si512(sums + r * kColumns + kLanes, second[r]);
  }
}

void linear_int8(const uint8_t* q, const RowQuantization* quantization, int64_t rows,
                 const PackedInt8& weights, int64_t first_column, int64_t columns,
                 Epilogue epilogue, float* y, int64_t stride) {
  const PackedInt8 w = weights;
  walk_tiles<12, kColumns, true>(
      rows, first_column, columns, epilogue, y, stride,
      [&]<int Rows>(int64_t column, int64_t row, float* sums) {
        int8_tile<Rows>(q + row * w.depth, w.depth, w.panels + column * w.depth, sums);
      },
      dequantized_sums(quantization, w));
}

}  // namespace

namespace sentence_transformers::kernels {

#include "kernels/table.inc"

/// The same with what the instructions for bfloat16 do better.
static consteval Kernels with_bf16(Kernels set) {
  set.name = "avx512_bf16";
  set.attention_f32_fast = avx512_bf16_attention_f32;
  set.attention_bf16 = avx512_bf16_attention_bf16;
  set.linear_bf16 = avx512_bf16_linear;
  return set;
}

const Kernels kAvx512 = make_table("avx512");
const Kernels kAvx512Bf16 = with_bf16(make_table(""));

}  // namespace sentence_transformers::kernels
