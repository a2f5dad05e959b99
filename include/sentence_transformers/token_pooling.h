// Fewer vectors a text: tokens that are alike become one.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#pragma GCC visibility push(default)
namespace sentence_transformers {

/// Clusters a text's token embeddings by Ward's method on cosine distance, as scipy does it, and
/// replaces each cluster by its mean; Python's HierarchicalTokenPooling of sentence-transformers
/// 6.2. Pooling what was pooled pools further.
struct HierarchicalTokenPooling {
  double pool_factor = 1;            ///< of n tokens max(floor(n / pool_factor), 1) are left
  int64_t num_protected_tokens = 1;  ///< the first ones, such as [CLS], which stay
  bool normalize_embeddings = true;  ///< all that are left, to length 1
  std::vector<std::string> tasks = {"document"};  ///< that are pooled; no task counts as "document"

  /// Is it for texts of a task ("" for none)?
  bool applies_to(std::string_view task) const;
  /// [T, D] -> [T', D], of the same type and on the same device, through autograd. Time and memory
  /// grow with the square of T. Throws std::invalid_argument for another shape, a pool_factor below
  /// 1 or not finite, or fewer than 0 protected tokens.
  at::Tensor pool(const at::Tensor& embeddings) const;
};

}  // namespace sentence_transformers
#pragma GCC visibility pop
