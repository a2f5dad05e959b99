// Memory that each thread keeps for the loops' intermediate values, so that no call has to ask for
// it.
#pragma once

#include <cstdint>
#include <vector>

namespace sentence_transformers {

/// At least `count` floats of this thread's own, until its next call.
inline float* scratch_floats(int64_t count) {
  thread_local std::vector<float> memory;
  if (static_cast<int64_t>(memory.size()) < count) memory.resize(static_cast<size_t>(count));
  return memory.data();
}

}  // namespace sentence_transformers
