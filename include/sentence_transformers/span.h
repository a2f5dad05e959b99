// Embeddings as plain memory, for programs that do not speak LibTorch.
#pragma once

#include <ATen/core/Tensor.h>

#include <span>

#pragma GCC visibility push(default)
namespace sentence_transformers::util {

/// The numbers of a tensor, row after row: of [N, D] the i-th row is subspan(i * D, D). The span is
/// valid as long as the tensor, or a copy of it, lives. Throws std::invalid_argument for a tensor
/// that is not float32, not on the CPU, or not contiguous (encode's results are all three).
std::span<const float> as_span(const at::Tensor& tensor);

}  // namespace sentence_transformers::util
#pragma GCC visibility pop
