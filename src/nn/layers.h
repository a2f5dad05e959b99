// The layers encoders are made of: LibTorch modules with a const forward, whose parameters are the
// checkpoint's own tensors.
#pragma once

#include <torch/nn/module.h>

#include <string>
#include <string_view>

#include "core/weights.h"
#include "nn/packed_linear.h"

namespace sentence_transformers {

/// The parameters of y = x W^T + b. A parent that computes several of them as one product owns
/// these; others own a Linear.
class Projection : public torch::nn::Module {
 public:
  Projection(const Weights& weights, int64_t in, int64_t out, bool with_bias = true);
  /// New parameters: weights from a normal distribution of this deviation around 0, and no shift.
  Projection(int64_t in, int64_t out, double deviation);
  at::Tensor forward(const at::Tensor& x) const;  // [T, in] -> [T, out]

  at::Tensor weight;  // [out, in]
  at::Tensor bias;    // [out], or undefined
};

/// A Projection that keeps packed weights while in eval mode: eval() makes them, train() drops
/// them.
class Linear : public Projection, public Packing {
 public:
  using Projection::Projection;

  at::Tensor forward(const at::Tensor& x, Activation activation = Activation::none) const;

  void train(bool on = true) override;

 private:
  PackedLinear packed_;
};

/// Zeroes values with a probability while in training mode, and scales the others up.
class Dropout : public torch::nn::Module {
 public:
  explicit Dropout(double probability) : probability(probability) {}
  at::Tensor forward(const at::Tensor& x) const;

  double probability;
};

class LayerNorm : public torch::nn::Module {
 public:
  LayerNorm(const Weights& weights, int64_t size, double eps);
  at::Tensor forward(const at::Tensor& x) const;  // [T, size] -> [T, size]
  /// forward(x + residual), in one pass where there is a loop for it.
  at::Tensor forward_add(const at::Tensor& x, const at::Tensor& residual) const;

  at::Tensor weight, bias;  // [size]

 private:
  double eps_;
};

class Embedding : public torch::nn::Module {
 public:
  Embedding(const Weights& weights, int64_t count, int64_t size);
  at::Tensor forward(const at::Tensor& ids) const;  // [T] -> [T, size]

  at::Tensor weight;  // [count, size]
};

}  // namespace sentence_transformers
