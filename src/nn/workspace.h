// Memory for what layers hand on to each other. A run of many passes asks for the same few sizes
// again and again; taken from the heap between longer-lived pieces, they let it grow.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

namespace sentence_transformers {

/// While it lives, empty_in_workspace() of its thread reuses the memory of tensors that are gone;
/// with it the unused memory goes.
class Workspace {
 public:
  Workspace();
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  struct Pool;

 private:
  std::shared_ptr<Pool> outer_;  // of this thread before
};

/// A new contiguous tensor, its values undefined: in this thread's Workspace if there is one and
/// the options say CPU, else at::empty.
at::Tensor empty_in_workspace(at::IntArrayRef sizes, const at::TensorOptions& options);

}  // namespace sentence_transformers
