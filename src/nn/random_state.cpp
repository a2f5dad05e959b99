#include "nn/random_state.h"

#include <ATen/ATen.h>

#include <mutex>

namespace sentence_transformers {
namespace {

const at::Generator& generator(c10::Device device) {
  return at::globalContext().defaultGenerator(device);
}

at::Tensor state(c10::Device device) {
  at::Generator g = generator(device);
  const std::lock_guard lock(g.mutex());
  return g.get_state().clone();
}

void set_state(c10::Device device, const at::Tensor& bytes) {
  at::Generator g = generator(device);
  const std::lock_guard lock(g.mutex());
  g.set_state(bytes);
}

void seed(c10::Device device, uint64_t value) {
  at::Generator g = generator(device);
  const std::lock_guard lock(g.mutex());
  g.set_current_seed(value);
}

}  // namespace

RandomState::RandomState(c10::Device device) : device_(device), cpu_(state(at::kCPU)) {
  if (!device.is_cpu()) other_ = state(device);
}

void RandomState::restore() const {
  set_state(at::kCPU, cpu_);
  if (!device_.is_cpu()) set_state(device_, other_);
}

void seed_generators(c10::Device device, uint64_t value) {
  seed(at::kCPU, value);
  if (!device.is_cpu()) seed(device, value);
}

}  // namespace sentence_transformers
