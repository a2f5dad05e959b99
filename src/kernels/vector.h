// Vectors of floats of the width that the including file is compiled for (ST_LANES), with the few
// functions the loops need. Everything is local to the including file, so that no copy compiled for
// one processor is ever linked into code for another.
#pragma once

#include <cstdint>
#include <cstring>
#if defined(__AVX512BF16__)
#include <immintrin.h>
#endif

#define ST_INLINE inline __attribute__((always_inline))
#define ST_LAMBDA __attribute__((always_inline))

namespace {

constexpr int kLanes = ST_LANES;
typedef float Floats __attribute__((vector_size(4 * ST_LANES), aligned(4), may_alias));
typedef int32_t Ints __attribute__((vector_size(4 * ST_LANES), aligned(4), may_alias));
typedef uint32_t Words __attribute__((vector_size(4 * ST_LANES), aligned(4), may_alias));
typedef uint16_t Halves __attribute__((vector_size(2 * ST_LANES), aligned(2), may_alias));

ST_INLINE Floats load(const float* p) { return *reinterpret_cast<const Floats*>(p); }
ST_INLINE Ints load(const int32_t* p) { return *reinterpret_cast<const Ints*>(p); }
ST_INLINE void store(float* p, Floats v) { *reinterpret_cast<Floats*>(p) = v; }
ST_INLINE Floats splat(float x) { return Floats{} + x; }
ST_INLINE Floats as_floats(Ints v) { return reinterpret_cast<const Floats&>(v); }
ST_INLINE Ints as_ints(Floats v) { return reinterpret_cast<const Ints&>(v); }

// Of two numbers one of which is NaN, both give b.
ST_INLINE Floats larger(Floats a, Floats b) { return a > b ? a : b; }
ST_INLINE Floats smaller(Floats a, Floats b) { return a < b ? a : b; }
ST_INLINE Floats absolute(Floats a) { return as_floats(as_ints(a) & 0x7FFFFFFF); }

/// bfloat16 is the upper half of a float.
ST_INLINE Floats load(const uint16_t* p) {
  return as_floats(__builtin_convertvector(*reinterpret_cast<const Halves*>(p), Ints) << 16);
}
/// To nearest, ties to even.
ST_INLINE void store(uint16_t* p, Floats v) {
#if defined(__AVX512BF16__)
  *reinterpret_cast<Halves*>(p) = (Halves)_mm512_cvtneps_pbh((__m512)v);
#else
  const Words bits = reinterpret_cast<const Words&>(v);
  Words rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
  rounded = v == v ? rounded : Words{} + 0x7FC0;  // rounding would carry some NaNs over to numbers
  *reinterpret_cast<Halves*>(p) = __builtin_convertvector(rounded, Halves);
#endif
}

ST_INLINE float to_float(float x) { return x; }
ST_INLINE float to_float(uint16_t x) {
  const uint32_t bits = static_cast<uint32_t>(x) << 16;
  float f;
  std::memcpy(&f, &bits, 4);
  return f;
}
ST_INLINE void store_one(float* p, float x) { *p = x; }
ST_INLINE void store_one(uint16_t* p, float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  *p =
      x == x ? static_cast<uint16_t>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16) : uint16_t{0x7FC0};
}

ST_INLINE float sum(Floats v) {
  float s = 0;
  for (int i = 0; i < kLanes; ++i) s += v[i];
  return s;
}
ST_INLINE float largest(Floats v) {
  float m = v[0];
  for (int i = 1; i < kLanes; ++i) m = v[i] > m ? v[i] : m;
  return m;
}

/// No bit is set.
ST_INLINE bool all_zero(Floats v) {
  uint64_t words[kLanes / 2], any = 0;
  std::memcpy(words, &v, sizeof(v));
  for (const uint64_t word : words) any |= word;
  return any == 0;
}

/// The nearest whole number, as float and as int, for |x| < 2^22.
ST_INLINE Ints round_to_int(Floats x, Floats* rounded) {
  const Floats magic = splat(12582912.0f);  // 1.5 * 2^23: the last bit of the sum is worth 1
  const Floats shifted = x + magic;
  *rounded = shifted - magic;
  return as_ints(shifted) - 0x4B400000;
}

/// e^x to 2 units in the last place, for x <= 88; e^-87.3 for smaller x; NaN for NaN. Cody and
/// Waite's reduction, minimax polynomial of degree 6 (Cephes expf).
ST_INLINE Floats exponential(Floats x) {
  x = larger(splat(-87.3f), x);
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
  return p * as_floats((k + 127) << 23);
}

}  // namespace
