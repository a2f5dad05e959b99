// Multi-head self-attention over packed texts.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "nn/token_batch.h"

namespace sentence_transformers {

/// Each text attends to itself alone: qkv [T, 3 * D], queries, keys and values side by side -> [T,
/// D]. Scores are scaled by 1 / sqrt(D / heads).
/// `fast` allows the precision of bfloat16.
at::Tensor self_attention(const at::Tensor& qkv, int64_t heads, const std::vector<Group>& groups,
                          double dropout = 0.0, bool fast = false);

}  // namespace sentence_transformers
