// What the tests of the loops share: each set of this processor, random numbers, bfloat16, and
// memory that notices writes beyond its end.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "kernels/kernels.h"

namespace sentence_transformers::kernels {

class EachSet : public testing::TestWithParam<const Kernels*> {
 protected:
  const Kernels& loops = *GetParam();
};

inline std::string set_name(const testing::TestParamInfo<const Kernels*>& info) {
  return info.param->name;
}

inline float widen(float x) { return x; }
inline float widen(uint16_t x) {
  const uint32_t bits = static_cast<uint32_t>(x) << 16;
  float f;
  std::memcpy(&f, &bits, 4);
  return f;
}
template <class T>
T narrow(float x) {
  if constexpr (std::is_same_v<T, float>) {
    return x;
  } else {
    if (x != x) return 0x7FC0;
    uint32_t bits;
    std::memcpy(&bits, &x, 4);
    return static_cast<uint16_t>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
  }
}

/// Numbers in [-1, 1), the same in each run.
class Random {
 public:
  explicit Random(uint64_t seed = 1) : state_(seed * 2654435761u + 1) {}
  uint32_t next() {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<uint32_t>(state_ >> 33);
  }
  float number() { return static_cast<float>(next() & 0xFFFFFF) / 8388608.0f - 1.0f; }
  template <class T = float>
  std::vector<T> numbers(int64_t count, float size = 1) {
    std::vector<T> v(static_cast<size_t>(count));
    for (T& x : v) x = narrow<T>(number() * size);
    return v;
  }

 private:
  uint64_t state_;
};

constexpr float kCanary = 7;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// `count` numbers with canaries behind them.
template <class T>
struct Guarded {
  static constexpr int64_t kBehind = 64;
  std::vector<T> numbers;
  explicit Guarded(int64_t count)
      : numbers(static_cast<size_t>(count + kBehind), narrow<T>(kCanary)) {}
  T* data() { return numbers.data(); }
  bool intact() const {
    return std::all_of(numbers.end() - kBehind, numbers.end(),
                       [](T x) { return widen(x) == kCanary; });
  }
};

inline double activated(Activation activation, double x) {
  switch (activation) {
    case Activation::none:
      return x;
    case Activation::gelu:
      return 0.5 * x * std::erfc(-x / std::sqrt(2.0));
    case Activation::gelu_tanh:
      return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case Activation::quick_gelu:
      return x / (1 + std::exp(-1.702 * x));
    case Activation::relu:
      return x < 0 ? 0 : x;
    case Activation::silu:
      return x / (1 + std::exp(-x));
    case Activation::tanh:
      return std::tanh(x);
  }
  return x;
}

constexpr Activation kActivations[] = {
    Activation::none, Activation::gelu, Activation::gelu_tanh, Activation::quick_gelu,
    Activation::relu, Activation::silu, Activation::tanh};

}  // namespace sentence_transformers::kernels
