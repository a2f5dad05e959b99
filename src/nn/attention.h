// Multi-head attention of packed texts to themselves, as an architecture describes it.
#pragma once

#include <ATen/core/Tensor.h>

#include <span>
#include <vector>

#include "nn/token_batch.h"

namespace sentence_transformers {

/// What an architecture's attention is like. Query head h uses key and value head
/// h / (heads / key_value_heads).
struct AttentionConfig {
  int64_t heads = 1, key_value_heads = 1, head_size = 1;
  double scale = 1;  // of q . k
  /// Tokens before and behind itself that a token sees; right 0 is causal.
  int64_t left = kUnlimited, right = kUnlimited;

  static constexpr int64_t kUnlimited = int64_t{1} << 60;
  bool limited() const { return left != kUnlimited || right != kUnlimited; }
};

/// Beside queries, keys and values; all optional.
struct AttentionExtras {
  double dropout = 0;  // probability, of the weights
  bool fast = false;   // bfloat16's precision will do
  at::Tensor distance_bias =
      {};  // [heads, 2 * L - 1] float32, L the longest text; see DistanceBias
  std::vector<at::Tensor> dense_bias = {};  // a group each, [count, heads, length, length] float32
  std::span<const int64_t> attended = {};   // TokenBatch::attended
  bool first_alone = false;                 // only each text's first token attends
};

/// Each text attends to itself alone: queries [T, heads * head_size], keys and values [T,
/// key_value_heads * head_size], which may be parts of wider rows -> [T, heads * head_size], or
/// [N, heads * head_size] of the first tokens alone.
at::Tensor attend(const at::Tensor& queries, const at::Tensor& keys, const at::Tensor& values,
                  const AttentionConfig& config, const std::vector<LengthGroup>& groups,
                  const AttentionExtras& extras = {});

}  // namespace sentence_transformers
