// The loops for processors with AVX2 and FMA. Compiled for these alone: nothing here may be inline
// elsewhere.
#include <immintrin.h>

#include "kernels/sets.h"

#define ST_LANES 8
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

/// One row and 4 outputs: bytes are widened to 16 bits, since the 8-bit product of AVX2 saturates.
ST_INLINE __m128i int8_dots(const uint8_t* q, const int8_t* panel, int64_t depth) {
  __m256i pairs = _mm256_setzero_si256();  // two partial sums for each output
  for (int64_t k = 0; k < depth; k += 4) {
    int32_t four;
    __builtin_memcpy(&four, q + k, 4);
    const __m256i a = _mm256_cvtepu8_epi16(_mm_set1_epi32(four));
    const __m256i b = _mm256_cvtepi8_epi16(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(panel + k * kColumns)));
    pairs = _mm256_add_epi32(pairs, _mm256_madd_epi16(a, b));
  }
  return _mm_hadd_epi32(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1));
}

void linear_int8(const uint8_t* q, const RowQuantization* quantization, int64_t rows,
                 const PackedInt8& w, int64_t first_column, int64_t columns, Epilogue epilogue,
                 float* y, int64_t stride) {
  walk_tiles<1, kColumns, true>(
      rows, first_column, columns, epilogue, y, stride,
      [&]<int Rows>(int64_t column, int64_t row, float* sums) {
        const int8_t* panel = w.panels + column * w.depth;
        for (int64_t o = 0; o < kColumns; o += 4) {
          _mm_storeu_si128(reinterpret_cast<__m128i*>(sums + o),
                           int8_dots(q + row * w.depth, panel + o * 4, w.depth));
        }
      },
      dequantized_sums(quantization, w));
}

}  // namespace

namespace sentence_transformers::kernels {

#include "kernels/table.inc"

const Kernels kAvx2 = make_table("avx2");

}  // namespace sentence_transformers::kernels
