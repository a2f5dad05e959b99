// The state of LibTorch's default generators, to draw the same numbers once more.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

namespace sentence_transformers {

class RandomState {
 public:
  /// As it is now, of the CPU's generator and, for another device, of that one's.
  explicit RandomState(c10::Device device);
  void restore() const;

 private:
  c10::Device device_;
  at::Tensor cpu_, other_;  // bytes
};

/// Goes back to the random numbers that were next when it was made.
class KeepRandomState {
 public:
  explicit KeepRandomState(c10::Device device) : state_(device) {}
  ~KeepRandomState() { state_.restore(); }
  KeepRandomState(const KeepRandomState&) = delete;
  KeepRandomState& operator=(const KeepRandomState&) = delete;

 private:
  RandomState state_;
};

/// Seeds both generators.
void seed_generators(c10::Device device, uint64_t seed);

}  // namespace sentence_transformers
