#include "nn/attention.h"

#include <ATen/ATen.h>

namespace sentence_transformers {

at::Tensor self_attention(const at::Tensor& qkv, int64_t heads, const std::vector<Group>& groups,
                          double dropout) {
  const int64_t size = qkv.size(1) / 3;
  std::vector<at::Tensor> outputs;
  outputs.reserve(groups.size());
  for (const Group& g : groups) {
    // [count * length, 3 D] -> three of [count, heads, length, D / heads]
    const auto parts = qkv.narrow(0, g.offset, g.count * g.length)
                           .view({g.count, g.length, 3, heads, size / heads})
                           .permute({2, 0, 3, 1, 4})
                           .unbind(0);
    outputs.push_back(
        at::scaled_dot_product_attention(parts[0], parts[1], parts[2], std::nullopt, dropout)
            .transpose(1, 2)
            .reshape({g.count * g.length, size}));
  }
  return outputs.size() == 1 ? outputs[0] : at::cat(outputs);
}

}  // namespace sentence_transformers
