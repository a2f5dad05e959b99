// The loops for processors with AVX2 and FMA. Compiled for these alone: nothing here may be inline
// elsewhere.
#include <immintrin.h>

#include "kernels/kernels.h"

#define ST_LANES 8
#include "kernels/vector.h"
//
#include "kernels/loops.inc"

namespace {

using sentence_transformers::kernels::PackedInt8;

/// One row and 4 outputs: bytes are widened to 16 bits, since the 8-bit product of AVX2 saturates.
__m128i int8_dots(const uint8_t* q, const int8_t* panel, int64_t depth) {
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
  for (int64_t c = 0; c < columns; c += kColumns) {
    const int8_t* panel = w.panels + (first_column + c) * w.depth;
    const int64_t width = columns - c < kColumns ? columns - c : kColumns;
    for (int64_t i = 0; i < rows; ++i) {
      int32_t sums[kColumns];
      float values[kColumns];
      for (int64_t o = 0; o < kColumns; o += 4) {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(sums + o),
                         int8_dots(q + i * w.depth, panel + o * 4, w.depth));
      }
      for (int64_t o = 0; o < kColumns; ++o) {
        const int64_t at = first_column + c + o;
        values[o] = static_cast<float>(sums[o] - w.sums[at] * quantization[i].zero) *
                        (w.scales[at] * quantization[i].scale) +
                    w.bias[at];
      }
      if (epilogue == Epilogue::gelu) {
        for (int64_t o = 0; o < kColumns; o += kLanes)
          store(values + o, rough_gelu(load(values + o)));
      }
      for (int64_t o = 0; o < width; ++o) {
        y[i * stride + c + o] = values[o];
      }
    }
  }
}

}  // namespace

namespace sentence_transformers::kernels {

extern const Kernels kAvx2;
const Kernels kAvx2 = {"avx2",
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
