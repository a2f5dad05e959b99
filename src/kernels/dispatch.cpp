// Which loops this processor can run, and what is the same for all of them.
#include <cstdlib>
#include <cstring>

#include "kernels/kernels.h"

namespace sentence_transformers::kernels {

#if defined(__x86_64__)
extern const Kernels kAvx2;
extern const Kernels kAvx512;
#endif

std::vector<const Kernels*> available() {
  std::vector<const Kernels*> sets;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vnni")) {
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

void pack_int8(const int8_t* weights, int64_t out, int64_t in, int8_t* packed) {
  const int64_t depth = round_up(in, kInt8Depth);
  std::memset(packed, 0, static_cast<size_t>(packed_int8_size(out, in)));
  for (int64_t o = 0; o < out; ++o) {
    int8_t* panel = packed + o / kInt8Columns * kInt8Columns * depth;
    for (int64_t k = 0; k < in; ++k) {
      panel[(k / kInt8Depth * kInt8Columns + o % kInt8Columns) * kInt8Depth + k % kInt8Depth] =
          weights[o * in + k];
    }
  }
}

}  // namespace sentence_transformers::kernels
