// Vectors of floats of the width that the including file is compiled for (ST_LANES), with the few
// functions the loops need. Everything is local to the including file, so that no copy compiled for
// one processor is ever linked into code for another.
#pragma once

#include <cstdint>
#include <cstring>

namespace {

constexpr int kLanes = ST_LANES;
typedef float Floats __attribute__((vector_size(4 * ST_LANES), aligned(4), may_alias));
typedef int32_t Ints __attribute__((vector_size(4 * ST_LANES), aligned(4), may_alias));
typedef uint16_t Halves __attribute__((vector_size(2 * ST_LANES), aligned(2), may_alias));

inline __attribute__((always_inline)) Floats load(const float* p) {
  return *reinterpret_cast<const Floats*>(p);
}
inline __attribute__((always_inline)) void store(float* p, Floats v) {
  *reinterpret_cast<Floats*>(p) = v;
}
inline __attribute__((always_inline)) Floats splat(float x) { return Floats{} + x; }

/// bfloat16 is the upper half of a float.
inline __attribute__((always_inline)) Floats load(const uint16_t* p) {
  const auto wide = __builtin_convertvector(*reinterpret_cast<const Halves*>(p), Ints) << 16;
  return reinterpret_cast<const Floats&>(wide);
}
inline __attribute__((always_inline)) void store(uint16_t* p, Floats v) {
  const auto bits = reinterpret_cast<const Ints&>(v);
  const Ints rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;  // to nearest, ties to even
  *reinterpret_cast<Halves*>(p) = __builtin_convertvector(rounded, Halves);
}
inline float to_float(float x) { return x; }
inline float to_float(uint16_t x) {
  const uint32_t bits = static_cast<uint32_t>(x) << 16;
  float f;
  std::memcpy(&f, &bits, 4);
  return f;
}

inline __attribute__((always_inline)) Floats larger(Floats a, Floats b) { return a > b ? a : b; }
inline __attribute__((always_inline)) Floats smaller(Floats a, Floats b) { return a < b ? a : b; }
inline __attribute__((always_inline)) Floats absolute(Floats a) {
  const auto bits = reinterpret_cast<const Ints&>(a) & 0x7FFFFFFF;
  return reinterpret_cast<const Floats&>(bits);
}
inline float sum(Floats v) {
  float s = 0;
  for (int i = 0; i < kLanes; ++i) s += v[i];
  return s;
}
inline float largest(Floats v) {
  float m = v[0];
  for (int i = 1; i < kLanes; ++i) m = v[i] > m ? v[i] : m;
  return m;
}

/// The nearest whole number, as float and as int, for |x| < 2^22.
inline __attribute__((always_inline)) Ints round_to_int(Floats x, Floats* rounded) {
  const Floats magic = splat(12582912.0f);  // 1.5 * 2^23: the last bit of the sum is worth 1
  const Floats shifted = x + magic;
  *rounded = shifted - magic;
  return reinterpret_cast<const Ints&>(shifted) - 0x4B400000;
}

/// e^x to 2 units in the last place, for x <= 88; 0 for very small x. Cody and Waite's reduction,
/// minimax polynomial of degree 6 (Cephes expf).
inline __attribute__((always_inline)) Floats exponential(Floats x) {
  x = larger(x, splat(-87.3f));
  Floats n;
  const Ints k = round_to_int(x * 1.44269504088896341f, &n);
  Floats r = x - n * 0.693359375f;
  r = r - n * -2.12194440e-4f;
  Floats p = splat(1.9875691500e-4f);
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  const Ints scaled = reinterpret_cast<const Ints&>(p) + (k << 23);
  return reinterpret_cast<const Floats&>(scaled);
}

/// x * Phi(x), the exact form of GELU, absolute error below 3e-7: erfc as Abramowitz and
/// Stegun 7.1.26.
inline __attribute__((always_inline)) Floats gelu(Floats x) {
  const Floats z = absolute(x) * 0.70710678118654752f;
  const Floats t = 1.0f / (1.0f + z * 0.3275911f);
  Floats p = splat(1.061405429f);
  p = p * t + -1.453152027f;
  p = p * t + 1.421413741f;
  p = p * t + -0.284496736f;
  p = p * t + 0.254829592f;
  const Floats half_erfc = p * t * exponential(-(z * z)) * 0.5f;  // of z, so Phi(-|x|)
  return x > 0.0f ? x - x * half_erfc : x * half_erfc;
}

/// GELU to 2e-4, for values that become bytes or bfloat16 anyway: x * (1/2 + c P(c^2)), c being x
/// within [-4, 4]. P is the polynomial of degree 6 that keeps the largest error of x * Phi(x)
/// smallest there (Chebyshev fit, weights moved to the largest error).
inline __attribute__((always_inline)) Floats rough_gelu(Floats x) {
  const Floats c = smaller(larger(x, splat(-4.0f)), splat(4.0f));
  const Floats s = c * c;
  Floats p = splat(2.27806822e-08f);
  p = p * s + -1.59856086e-06f;
  p = p * s + 4.79546325e-05f;
  p = p * s + -0.00081400614f;
  p = p * s + 0.00877233874f;
  p = p * s + -0.0645729899f;
  p = p * s + 0.397883236f;
  return x * (c * p + 0.5f);
}

}  // namespace
