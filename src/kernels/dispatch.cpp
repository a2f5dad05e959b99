// Which loops this processor can run, and which of them are used.
#include <cstdlib>
#include <string_view>

#include "kernels/sets.h"

namespace sentence_transformers::kernels {

std::vector<const Kernels*> available() {
  std::vector<const Kernels*> sets;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vnni")) {
    if (__builtin_cpu_supports("avx512bf16")) sets.push_back(&kAvx512Bf16);
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
    if (const char* name = std::getenv("SENTENCE_TRANSFORMERS_KERNELS")) {
      for (const Kernels* set : sets) {
        if (std::string_view(name) == set->name) return set;
      }
      return nullptr;
    }
    return sets.empty() ? nullptr : sets[0];
  }();
  return chosen;
}

}  // namespace sentence_transformers::kernels
