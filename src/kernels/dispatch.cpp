// Which loops this processor can run, and what is the same for all of them.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "kernels/kernels.h"

namespace sentence_transformers::kernels {

#if defined(__x86_64__)
extern const Kernels kAvx2;
extern const Kernels kAvx512;
void avx512_bf16_attention(const float* qkv, int64_t length, int64_t size, int64_t head_size,
                           float scale, float* out, float* scratch);
void avx512_bf16_attention_bf16(const uint16_t* qkv, int64_t length, int64_t size,
                                int64_t head_size, float scale, uint16_t* out, float* scratch);

void avx512_bf16_linear(const uint16_t* x, int64_t rows, const PackedBf16& weights,
                        int64_t first_column, int64_t columns, Epilogue epilogue, uint16_t* y,
                        int64_t stride);

namespace {

const Kernels& avx512_bf16() {
  static const Kernels set = [] {
    Kernels k = kAvx512;
    k.name = "avx512_bf16";
    k.attention_fast = avx512_bf16_attention;
    k.attention_bf16 = avx512_bf16_attention_bf16;
    k.linear_bf16 = avx512_bf16_linear;
    return k;
  }();
  return set;
}

}  // namespace
#endif

std::vector<const Kernels*> available() {
  std::vector<const Kernels*> sets;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vnni")) {
    if (__builtin_cpu_supports("avx512bf16")) sets.push_back(&avx512_bf16());
    sets.push_back(&kAvx512);
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) sets.push_back(&kAvx2);
#endif
  return sets;
}

const Kernels* best() {
  static const Kernels* const chosen = []() -> const Kernels* {
    if (std::getenv("SENTENCE_TRANSFORMERS_PLAIN")) return nullptr;
    const auto sets = available();
    return sets.empty() ? nullptr : sets[0];
  }();
  return chosen;
}

void pack_float(const float* weights, int64_t out, int64_t in, float* packed) {
  for (int64_t first = 0; first < out; first += kColumns) {
    const int64_t width = out - first < kColumns ? out - first : kColumns;
    for (int64_t k = 0; k < in; ++k, packed += kColumns) {
      for (int64_t o = 0; o < width; ++o) packed[o] = weights[(first + o) * in + k];
      for (int64_t o = width; o < kColumns; ++o) packed[o] = 0;
    }
  }
}

void pack_bf16(const uint16_t* weights, int64_t out, int64_t in, uint16_t* packed) {
  for (int64_t first = 0; first < out; first += kColumns) {
    for (int64_t k = 0; k < in; k += 2) {
      for (int64_t o = first; o < first + kColumns; ++o, packed += 2) {
        packed[0] = o < out ? weights[o * in + k] : 0;
        packed[1] = o < out ? weights[o * in + k + 1] : 0;
      }
    }
  }
}

void pack_int8(const int8_t* weights, int64_t out, int64_t in, int8_t* packed) {
  for (int64_t first = 0; first < out; first += kColumns) {
    const int64_t width = out - first < kColumns ? out - first : kColumns;
    for (int64_t k = 0; k < in; k += kInt8Depth, packed += kColumns * kInt8Depth) {
      const int64_t inputs = in - k < kInt8Depth ? in - k : kInt8Depth;
      if (width < kColumns || inputs < kInt8Depth) std::memset(packed, 0, kColumns * kInt8Depth);
      for (int64_t o = 0; o < width; ++o) {
        std::memcpy(packed + o * kInt8Depth, weights + (first + o) * in + k,
                    static_cast<size_t>(inputs));
      }
    }
  }
}

void quantize_weights(const float* row, int64_t size, int8_t* bytes, float& scale, int32_t& sum) {
  float largest = 0;
  for (int64_t i = 0; i < size; ++i) largest = std::max(largest, std::fabs(row[i]));
  scale = std::max(largest / 127.0f, 1e-30f);
  // Adding and taking away 1.5 * 2^23 rounds to the nearest integer, ties to even.
  constexpr float kRound = 12582912.0f;
  sum = 0;
  for (int64_t i = 0; i < size; ++i) {
    const auto value = static_cast<int32_t>(row[i] / scale + kRound - kRound);
    bytes[i] = static_cast<int8_t>(value);
    sum += value;
  }
}

}  // namespace sentence_transformers::kernels
