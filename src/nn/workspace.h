// Memory for what layers hand on to each other. Runs ask for the same few sizes again and again;
// taken from the heap between pieces that live longer, they let it grow.
#pragma once

#include <ATen/core/Tensor.h>

namespace sentence_transformers {

/// A new contiguous tensor, its values undefined. On the CPU its memory is, where possible, that of
/// a tensor of this thread which is gone: a thread keeps up to 16 MB of it until it ends.
at::Tensor empty_in_workspace(at::IntArrayRef sizes, const at::TensorOptions& options);

}  // namespace sentence_transformers
