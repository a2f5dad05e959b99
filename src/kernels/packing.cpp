// Weights as the loops want them, and the size of their scratch: the same for all instruction sets.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/sets.h"

namespace sentence_transformers::kernels {

/// [panel][input][output].
void pack_f32(const float* weights, int64_t out, int64_t in, float* packed) {
  for (int64_t first = 0; first < out; first += kColumns) {
    const int64_t width = std::min(out - first, kColumns);
    for (int64_t k = 0; k < in; ++k, packed += kColumns) {
      for (int64_t o = 0; o < width; ++o) packed[o] = weights[(first + o) * in + k];
      for (int64_t o = width; o < kColumns; ++o) packed[o] = 0;
    }
  }
}

/// [panel][pair of inputs][output][input].
void pack_bf16(const uint16_t* weights, int64_t out, int64_t in, uint16_t* packed) {
  for (int64_t first = 0; first < out; first += kColumns) {
    for (int64_t k = 0; k < in; k += 2) {
      for (int64_t o = first; o < first + kColumns; ++o, packed += 2) {
        packed[0] = o < out ? weights[o * in + k] : uint16_t{0};
        packed[1] = o < out ? weights[o * in + k + 1] : uint16_t{0};
      }
    }
  }
}

/// [panel][kInt8Depth inputs][output][input].
void pack_int8(const int8_t* weights, int64_t out, int64_t in, int8_t* packed) {
  for (int64_t first = 0; first < out; first += kColumns) {
    const int64_t width = std::min(out - first, kColumns);
    for (int64_t k = 0; k < in; k += kInt8Depth, packed += kColumns * kInt8Depth) {
      const int64_t inputs = std::min(in - k, kInt8Depth);
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

int64_t attention_scratch(int64_t length, int64_t head_size) {
  // A tile has 6 queries at most. A block's rows take an odd number of vectors of 16.
  constexpr int64_t kRows = 6, kLanes = 16;
  const int64_t stride = round_up(std::min(length, kKeyBlock), kLanes) + kLanes;
  // Keys (of pairs: keys and values), a tile's scores, its weights and its queries of half the
  // size. 16 more for a start on a line of the cache.
  int64_t size = 16 + stride * (head_size + kRows + kRows / 2) + kRows * head_size / 2;
  // Each query's maximum, total and sums, and a tile's sums.
  if (length > kKeyBlock) size += length * (2 + head_size) + kRows * head_size;
  return size;
}

}  // namespace sentence_transformers::kernels
