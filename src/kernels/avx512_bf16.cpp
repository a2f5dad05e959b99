// Attention and linear layers for processors whose AVX-512 multiplies pairs of bfloat16 (BF16):
// twice the speed of float32 products, with their sums in float32. Compiled for these alone:
// nothing here may be inline elsewhere.
#include <immintrin.h>

#include "kernels/sets.h"

#define ST_LANES 16
#include "kernels/vector.h"

namespace {

/// sum += a pair's two products in each lane, `a` being one pair for all lanes. As assembly, since
/// GCC 12 copies the sums around an intrinsic.
ST_INLINE void dot_pairs(__m512& sum, const uint32_t* a, __m512i b) {
  asm("vdpbf16ps %2%{1to16%}, %1, %0" : "+v"(sum) : "v"(b), "m"(*a));
}

}  // namespace

#include "kernels/row_tiles.inc"
//
#include "kernels/activations.inc"
#include "kernels/attention.inc"
//
#include "kernels/attention_bf16.inc"
#include "kernels/linear.inc"

namespace {

using sentence_transformers::kernels::PackedBf16;

/// `Rows` rows times one panel: sums [Rows, kColumns].
template <int Rows>
[[gnu::noinline]] void bf16_tile(const uint16_t* x, int64_t depth, const uint16_t* panel,
                                 const float* bias, float* sums) {
  __m512 first[Rows], second[Rows];  // stay in registers: only unrolled loops touch them
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r) {
    first[r] = load(bias);
    second[r] = load(bias + kLanes);
  }
  for (int64_t k = 0; k < depth; k += 2) {
    const __m512i a = _mm512_loadu_si512(panel + k * kColumns);
    const __m512i b = _mm512_loadu_si512(panel + k * kColumns + kColumns);
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r) {
      const auto* pair = reinterpret_cast<const uint32_t*>(x + r * depth + k);
      dot_pairs(first[r], pair, a);
      dot_pairs(second[r], pair, b);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r) {
    store(sums + r * kColumns, first[r]);
    store(sums + r * kColumns + kLanes, second[r]);
  }
}

}  // namespace

namespace sentence_transformers::kernels {

void avx512_bf16_attention_f32(const Attention<float>& a, float* scratch) {
  attention<PairMath<float>>(a, scratch);
}

void avx512_bf16_attention_bf16(const Attention<uint16_t>& a, float* scratch) {
  attention<PairMath<uint16_t>>(a, scratch);
}

void avx512_bf16_linear(const uint16_t* x, int64_t rows, const PackedBf16& weights,
                        int64_t first_column, int64_t columns, Epilogue epilogue, uint16_t* y,
                        int64_t stride) {
  const PackedBf16 w = weights;
  walk_tiles<12, kColumns, true>(
      rows, first_column, columns, epilogue, y, stride,
      [&]<int Rows>(int64_t column, int64_t row, float* sums) {
        bf16_tile<Rows>(x + row * w.depth, w.depth, w.panels + column * w.depth, w.bias + column,
                        sums);
      },
      finished_sums<kColumns>());
}

}  // namespace sentence_transformers::kernels
