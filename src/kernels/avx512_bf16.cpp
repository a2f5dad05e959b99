// Attention and linear layers for processors whose AVX-512 multiplies pairs of bfloat16 (BF16):
// twice the speed of float32 products, with their sums in float32. Compiled for these alone:
// nothing here may be inline elsewhere.
#include <immintrin.h>

#include "kernels/kernels.h"

namespace {

using sentence_transformers::kernels::Epilogue;
using sentence_transformers::kernels::kColumns;
using sentence_transformers::kernels::PackedBf16;
using sentence_transformers::kernels::round_up;

constexpr int kRows = 6;  // queries at a time
constexpr int kLanes = 16;

inline __attribute__((always_inline)) __m512 load(const float* p) { return _mm512_loadu_ps(p); }
inline __attribute__((always_inline)) __m512 load(const uint16_t* p) {
  const __m256i half = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16));
}
inline __attribute__((always_inline)) __m256i rounded(__m512 v) {
  return reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(v));
}
inline __attribute__((always_inline)) void store(float* p, __m512 v) { _mm512_storeu_ps(p, v); }
inline __attribute__((always_inline)) void store(uint16_t* p, __m512 v) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), rounded(v));
}

/// `count` values as bfloat16.
template <class T>
inline __attribute__((always_inline)) void narrow(const T* from, int64_t count, uint16_t* to) {
  for (int64_t k = 0; k < count; k += kLanes) store(to + k, load(from + k));
}

/// sum += a pair's two products in each lane, `a` being one pair for all lanes. As assembly for the
/// same reason as the byte products.
inline __attribute__((always_inline)) void dot_pairs(__m512& sum, const uint32_t* a, __m512i b) {
  asm("vdpbf16ps %2%{1to16%}, %1, %0" : "+v"(sum) : "v"(b), "m"(*a));
}

/// [length] rows of keys -> [head_size / 2][stride] pairs of neighbouring dimensions.
template <class T>
void pack_keys(const T* keys, int64_t length, int64_t row, int64_t head_size, int64_t stride,
               uint32_t* packed) {
  alignas(64) uint32_t pairs[kLanes / 2];
  for (int64_t j = 0; j < stride; ++j) {
    for (int64_t k = 0; k < head_size; k += kLanes) {
      const __m512 values = j < length ? load(keys + j * row + k) : _mm512_setzero_ps();
      _mm256_store_si256(reinterpret_cast<__m256i*>(pairs), rounded(values));
      for (int64_t i = 0; i < kLanes / 2; ++i) packed[(k / 2 + i) * stride + j] = pairs[i];
    }
  }
}

/// [length] rows of values -> [stride / 2][head_size] pairs of neighbouring texts' tokens.
template <class T>
void pack_values(const T* values, int64_t length, int64_t row, int64_t head_size, int64_t stride,
                 uint32_t* packed) {
  for (int64_t j = 0; j < stride; j += 2) {
    for (int64_t k = 0; k < head_size; k += kLanes) {
      const auto wide = [&](int64_t token) {
        return token < length ? _mm512_cvtepu16_epi32(rounded(load(values + token * row + k)))
                              : _mm512_setzero_si512();
      };
      const __m512i pairs = _mm512_or_si512(wide(j), _mm512_slli_epi32(wide(j + 1), 16));
      _mm512_storeu_si512(packed + j / 2 * head_size + k, pairs);
    }
  }
}

template <int Rows, int Vectors>
inline __attribute__((always_inline)) void score_block(const uint32_t* queries,
                                                       const uint32_t* keys, int64_t stride,
                                                       int64_t pairs, float* scores) {
  __m512 sums[Rows][Vectors];
#pragma GCC unroll 8
  for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v) sums[r][v] = _mm512_setzero_ps();
  }
  for (int64_t k = 0; k < pairs; ++k) {
    __m512i key[Vectors];
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v) key[v] = _mm512_loadu_si512(keys + k * stride + v * kLanes);
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) dot_pairs(sums[r][v], queries + r * pairs + k, key[v]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v) {
      _mm512_storeu_ps(scores + r * stride + v * kLanes, sums[r][v]);
    }
  }
}

/// scores -> weights e^(scale * (score - largest)) as bfloat16, 0 behind `length`; returns 1 /
/// their sum. 2^f to 1e-4, a fortieth of bfloat16's step.
inline float softmax_row(const float* scores, int64_t length, int64_t stride, float scale,
                         uint16_t* weights) {
  const auto in_row = [&](int64_t j) {
    return static_cast<__mmask16>(length - j >= kLanes ? 0xFFFF : (1 << (length - j)) - 1);
  };
  __m512 most = _mm512_set1_ps(-3e38f);
  for (int64_t j = 0; j < stride; j += kLanes) {
    most = _mm512_mask_max_ps(most, in_row(j), most, _mm512_loadu_ps(scores + j));
  }
  const __m512 factor = _mm512_set1_ps(scale * 1.44269504f);
  const __m512 top = _mm512_mul_ps(_mm512_set1_ps(_mm512_reduce_max_ps(most)), factor);
  __m512 total = _mm512_setzero_ps();
  for (int64_t j = 0; j < stride; j += kLanes) {
    const __m512 t = _mm512_fmsub_ps(_mm512_loadu_ps(scores + j), factor, top);
    const __m512 n = _mm512_roundscale_ps(t, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    const __m512 f = _mm512_sub_ps(t, n);
    __m512 p = _mm512_set1_ps(0.0558260180f);  // minimax for 2^f on [-1/2, 1/2]
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0.2401397660f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0.6931471806f));
    p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(1.0f));
    const __m512 e = _mm512_maskz_scalef_ps(in_row(j), p, n);
    total = _mm512_add_ps(total, e);
    store(weights + j, e);
  }
  return 1.0f / _mm512_reduce_add_ps(total);
}

template <int Rows, int Vectors, class T>
inline __attribute__((always_inline)) void mix_block(const uint16_t* weights, int64_t stride,
                                                     const uint32_t* values, int64_t head_size,
                                                     int64_t length, const float* inverse, T* out,
                                                     int64_t out_row) {
  __m512 sums[Rows][Vectors];
#pragma GCC unroll 8
  for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v) sums[r][v] = _mm512_setzero_ps();
  }
  for (int64_t j = 0; j < (length + 1) / 2; ++j) {
    __m512i value[Vectors];
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v) {
      value[v] = _mm512_loadu_si512(values + j * head_size + v * kLanes);
    }
#pragma GCC unroll 8
    for (int r = 0; r < Rows; ++r) {
      const auto* pair = reinterpret_cast<const uint32_t*>(weights + r * stride) + j;
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v) dot_pairs(sums[r][v], pair, value[v]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v) {
      store(out + r * out_row + v * kLanes, _mm512_mul_ps(sums[r][v], _mm512_set1_ps(inverse[r])));
    }
  }
}

/// What one text and head works with, all in the caller's scratch.
struct Parts {
  uint32_t *keys, *values;
  float* scores;
  uint16_t *weights, *queries;
};

template <int Rows, class T>
void attend_rows(const T* queries, const Parts& parts, int64_t length, int64_t size,
                 int64_t head_size, int64_t stride, float scale, T* out) {
  for (int r = 0; r < Rows; ++r) {
    narrow(queries + r * 3 * size, head_size, parts.queries + r * head_size);
  }
  const auto* pairs = reinterpret_cast<const uint32_t*>(parts.queries);
  int64_t j = 0;
  for (; j + 4 * kLanes <= stride; j += 4 * kLanes) {
    score_block<Rows, 4>(pairs, parts.keys + j, stride, head_size / 2, parts.scores + j);
  }
  for (; j < stride; j += kLanes) {
    score_block<Rows, 1>(pairs, parts.keys + j, stride, head_size / 2, parts.scores + j);
  }
  float inverse[Rows];
  for (int r = 0; r < Rows; ++r) {
    inverse[r] =
        softmax_row(parts.scores + r * stride, length, stride, scale, parts.weights + r * stride);
  }
  int64_t k = 0;
  for (; k + 2 * kLanes <= head_size; k += 2 * kLanes) {
    mix_block<Rows, 2>(parts.weights, stride, parts.values + k, head_size, length, inverse, out + k,
                       size);
  }
  for (; k < head_size; k += kLanes) {
    mix_block<Rows, 1>(parts.weights, stride, parts.values + k, head_size, length, inverse, out + k,
                       size);
  }
}

template <class T>
void attention(const T* qkv, int64_t length, int64_t size, int64_t head_size, float scale, T* out,
               float* scratch) {
  const int64_t row = 3 * size, stride = round_up(length, kLanes), half = stride * head_size / 2;
  Parts parts;
  parts.keys = reinterpret_cast<uint32_t*>(scratch);
  parts.values = parts.keys + half;
  parts.scores = scratch + 2 * half;
  parts.weights = reinterpret_cast<uint16_t*>(parts.scores + kRows * stride);
  parts.queries = parts.weights + kRows * stride;
  pack_keys(qkv + size, length, row, head_size, stride, parts.keys);
  pack_values(qkv + 2 * size, length, row, head_size, stride, parts.values);
  int64_t i = 0;
  for (; i + kRows <= length; i += kRows) {
    attend_rows<kRows>(qkv + i * row, parts, length, size, head_size, stride, scale,
                       out + i * size);
  }
  for (; i < length; ++i) {
    attend_rows<1>(qkv + i * row, parts, length, size, head_size, stride, scale, out + i * size);
  }
}

/// GELU to 2e-4, as rough_gelu of vector.h.
inline __attribute__((always_inline)) __m512 rough_gelu(__m512 x) {
  const __m512 c = _mm512_min_ps(_mm512_max_ps(x, _mm512_set1_ps(-4.0f)), _mm512_set1_ps(4.0f));
  const __m512 s = _mm512_mul_ps(c, c);
  __m512 p = _mm512_set1_ps(2.27806822e-08f);
  p = _mm512_fmadd_ps(p, s, _mm512_set1_ps(-1.59856086e-06f));
  p = _mm512_fmadd_ps(p, s, _mm512_set1_ps(4.79546325e-05f));
  p = _mm512_fmadd_ps(p, s, _mm512_set1_ps(-0.00081400614f));
  p = _mm512_fmadd_ps(p, s, _mm512_set1_ps(0.00877233874f));
  p = _mm512_fmadd_ps(p, s, _mm512_set1_ps(-0.0645729899f));
  p = _mm512_fmadd_ps(p, s, _mm512_set1_ps(0.397883236f));
  return _mm512_mul_ps(x, _mm512_fmadd_ps(c, p, _mm512_set1_ps(0.5f)));
}

/// `Rows` rows times one panel of 32 outputs.
template <int Rows>
inline __attribute__((always_inline)) void linear_tile(const uint16_t* x, int64_t depth,
                                                       const uint16_t* panel, const float* bias,
                                                       int64_t columns, Epilogue epilogue,
                                                       uint16_t* y, int64_t stride) {
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
  __m512 rows[Rows][2];
#pragma GCC unroll 16
  for (int r = 0; r < Rows; ++r) {
    rows[r][0] = first[r];
    rows[r][1] = second[r];
  }
  for (int r = 0; r < Rows; ++r) {
    for (int v = 0; v < 2 && columns > v * kLanes; ++v) {
      const int64_t left = columns - v * kLanes;
      const auto mask = static_cast<__mmask16>(left >= kLanes ? 0xFFFF : (1 << left) - 1);
      const __m512 value = epilogue == Epilogue::gelu ? rough_gelu(rows[r][v]) : rows[r][v];
      _mm256_mask_storeu_epi16(y + r * stride + v * kLanes, mask, rounded(value));
    }
  }
}

void linear(const uint16_t* x, int64_t rows, const PackedBf16& w, int64_t first_column,
            int64_t columns, Epilogue epilogue, uint16_t* y, int64_t stride) {
  constexpr int kRows = 12;
  for (int64_t c = 0; c < columns; c += kColumns) {
    const int64_t column = first_column + c;
    const uint16_t* panel = w.panels + column * w.depth;
    int64_t i = 0;
    const auto tile = [&](auto run, int n) {
      run(x + i * w.depth, w.depth, panel, w.bias + column, columns - c, epilogue,
          y + i * stride + c, stride);
      i += n;
    };
    while (i + kRows <= rows) tile(linear_tile<kRows>, kRows);
    if (i + 8 <= rows) tile(linear_tile<8>, 8);
    if (i + 4 <= rows) tile(linear_tile<4>, 4);
    while (i < rows) tile(linear_tile<1>, 1);
  }
}

}  // namespace

namespace sentence_transformers::kernels {

void avx512_bf16_attention(const float* qkv, int64_t length, int64_t size, int64_t head_size,
                           float scale, float* out, float* scratch) {
  attention(qkv, length, size, head_size, scale, out, scratch);
}

void avx512_bf16_attention_bf16(const uint16_t* qkv, int64_t length, int64_t size,
                                int64_t head_size, float scale, uint16_t* out, float* scratch) {
  attention(qkv, length, size, head_size, scale, out, scratch);
}

void avx512_bf16_linear(const uint16_t* x, int64_t rows, const PackedBf16& weights,
                        int64_t first_column, int64_t columns, Epilogue epilogue, uint16_t* y,
                        int64_t stride) {
  linear(x, rows, weights, first_column, columns, epilogue, y, stride);
}

}  // namespace sentence_transformers::kernels
