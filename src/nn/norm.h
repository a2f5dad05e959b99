// LayerNorm and RMSNorm, with or without bias, alone or behind a residual sum.
#pragma once

#include <torch/nn/module.h>

#include "core/weights.h"
#include "nn/packing.h"

namespace sentence_transformers {

struct NormConfig {
  double eps = 1e-12;
  bool centred = true;  // LayerNorm; without it RMSNorm
  bool bias = true;
  double weight_offset = 0;  // added to the checkpoint's weight: 1 in Gemma
};

class Norm : public torch::nn::Module, public Packing {
 public:
  /// Also knows the names gamma and beta of checkpoints from before 2019.
  Norm(const Weights& weights, int64_t size, const NormConfig& config);
  /// A new one that scales by 1.
  Norm(int64_t size, const NormConfig& config);

  at::Tensor forward(const at::Tensor& x) const;  // [T, size] -> [T, size]
  /// forward(x + residual), in one pass where there is a kernel.
  at::Tensor forward_add(const at::Tensor& x, const at::Tensor& residual) const;
  /// The same, and `residual` becomes the sum.
  at::Tensor forward_sum(const at::Tensor& x, at::Tensor& residual) const;
  /// Normalizes the vectors of `count` heads in each row of x [T, >= count * size]; in place where
  /// gradients are off.
  at::Tensor forward_heads(const at::Tensor& x, int64_t count) const;

  void pack(const ComputeType& compute, PackedParameters& packed) override;
  void unpack() override { packed_weight_ = packed_bias_ = at::Tensor(); }

  at::Tensor weight, bias;  // [size]; bias undefined where there is none

 private:
  at::Tensor plain(const at::Tensor& x) const;
  bool has_kernel(const at::Tensor& x) const;
  at::Tensor run(const at::Tensor& x, const at::Tensor* residual, at::Tensor* sum) const;

  int64_t size_;
  NormConfig config_;
  at::Tensor packed_weight_, packed_bias_;  // float32
  uint32_t weight_version_ = 0;             // when they were made
};

}  // namespace sentence_transformers
