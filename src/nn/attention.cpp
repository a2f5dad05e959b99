#include "nn/attention.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <cmath>

#include "kernels/kernels.h"
#include "nn/scratch.h"
#include "nn/workspace.h"

namespace sentence_transformers {
namespace {

// Up to this length a text's scores stay in the cache; beyond it LibTorch's blocked kernel is the
// better one.
constexpr int64_t kLongestForKernel = 1024;
constexpr int64_t kHeadSizeStep = 16;  // what the loops' vectors divide

bool has_kernel(const at::Tensor& qkv, int64_t head_size, const std::vector<Group>& groups) {
  if (!kernels::best() || at::GradMode::is_enabled() || !qkv.is_cpu() || !qkv.is_contiguous() ||
      head_size % kHeadSizeStep != 0) {
    return false;
  }
  if (qkv.scalar_type() != at::kFloat && qkv.scalar_type() != at::kBFloat16) return false;
  return std::all_of(groups.begin(), groups.end(),
                     [](const Group& g) { return g.length <= kLongestForKernel; });
}

/// The own loops, text by text and head by head.
at::Tensor kernel_attention(const at::Tensor& qkv, int64_t heads, const std::vector<Group>& groups,
                            bool fast) {
  const int64_t size = qkv.size(1) / 3, head_size = size / heads;
  const float scale = 1.0f / std::sqrt(static_cast<float>(head_size));
  const at::Tensor out = empty_in_workspace({qkv.size(0), size}, qkv.options());
  for (const Group& g : groups) {
    const auto work = [&](int64_t begin, int64_t end) {
      float* scratch = scratch_floats(kernels::attention_scratch(g.length, head_size));
      for (int64_t i = begin; i < end; ++i) {
        const int64_t row = g.offset + i / heads * g.length, column = i % heads * head_size;
        const int64_t from = row * 3 * size + column, to = row * size + column;
        if (qkv.scalar_type() == at::kFloat) {
          (fast ? kernels::best()->attention_fast : kernels::best()->attention)(
              qkv.const_data_ptr<float>() + from, g.length, size, head_size, scale,
              out.data_ptr<float>() + to, scratch);
        } else {
          kernels::best()->attention_bf16(static_cast<const uint16_t*>(qkv.const_data_ptr()) + from,
                                          g.length, size, head_size, scale,
                                          static_cast<uint16_t*>(out.data_ptr()) + to, scratch);
        }
      }
    };
    at::parallel_for(0, g.count * heads, 1, work);
  }
  return out;
}

/// LibTorch's attention, group by group; autograd runs through it.
at::Tensor plain_attention(const at::Tensor& qkv, int64_t heads, const std::vector<Group>& groups,
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

}  // namespace

at::Tensor self_attention(const at::Tensor& qkv, int64_t heads, const std::vector<Group>& groups,
                          double dropout, bool fast) {
  if (dropout == 0 && has_kernel(qkv, qkv.size(1) / 3 / heads, groups)) {
    return kernel_attention(qkv, heads, groups, fast);
  }
  return plain_attention(qkv, heads, groups, dropout);
}

}  // namespace sentence_transformers
