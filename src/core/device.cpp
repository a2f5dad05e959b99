#include "core/device.h"

#include <ATen/Context.h>
#include <sentence_transformers/error.h>

#include <charconv>
#include <stdexcept>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace sentence_transformers {

c10::Device parse_device(const std::string& name) {
  if (name == "cpu") return at::kCPU;
  const int count = at::hasCUDA() ? static_cast<int>(at::getNumGPUs()) : 0;
  if (name.empty()) return count > 0 ? c10::Device(at::kCUDA, 0) : c10::Device(at::kCPU);

  int index = 0;
  bool known = name == "cuda";
  if (name.starts_with("cuda:")) {
    const char* end = name.data() + name.size();
    const auto parsed = std::from_chars(name.data() + 5, end, index);
    known = parsed.ec == std::errc() && parsed.ptr == end && index >= 0;
  }
  if (!known) {
    throw std::invalid_argument("[parse_device] device is \"" + name +
                                "\"; known: \"\", cpu, cuda, cuda:N");
  }
  if (index >= count) {
    throw Error("[parse_device] device \"" + name + "\" was asked for; found " +
                std::to_string(count) + " CUDA devices");
  }
  return c10::Device(at::kCUDA, static_cast<c10::DeviceIndex>(index));
}

bool cpu_is_fast_at(c10::ScalarType type) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (type == at::kBFloat16) return __builtin_cpu_supports("avx512bf16");
  if (type ==
      at::kHalf) {  // AVX512_FP16, whose name GCC 11 does not know: CPUID leaf 7, EDX bit 23
    unsigned a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d >> 23 & 1);
  }
#endif
  return true;
}

}  // namespace sentence_transformers
