#include "nn/layers.h"

namespace sentence_transformers {

Projection::Projection(const Weights& weights, int64_t in, int64_t out, bool with_bias)
    : weight(register_parameter("weight", weights.get("weight", {out, in}))) {
  if (with_bias) bias = register_parameter("bias", weights.get("bias", {out}));
}

at::Tensor Projection::forward(const at::Tensor& x) const { return at::linear(x, weight, bias); }

at::Tensor Linear::forward(const at::Tensor& x, Activation activation) const {
  if (packed_.usable()) return packed_.forward(x, activation);
  return activate(Projection::forward(x), activation);
}

at::Tensor Linear::forward_add(const at::Tensor& x, const at::Tensor& residual) const {
  if (packed_.usable()) return packed_.forward_add(x, residual);
  return Projection::forward(x) + residual;
}

void Linear::train(bool on) {
  Projection::train(on);
  packed_ = on ? PackedLinear() : PackedLinear({weight}, {bias});
}

// Checkpoints from before 2019 call the parameters gamma and beta, as TensorFlow does.
LayerNorm::LayerNorm(const Weights& weights, int64_t size, double eps)
    : weight(register_parameter(
          "weight", weights.get(weights.contains("gamma") ? "gamma" : "weight", {size}))),
      bias(register_parameter("bias",
                              weights.get(weights.contains("beta") ? "beta" : "bias", {size}))),
      eps_(eps) {}

at::Tensor LayerNorm::forward(const at::Tensor& x) const {
  return at::layer_norm(x, weight.sizes(), weight, bias, eps_);
}

Embedding::Embedding(const Weights& weights, int64_t count, int64_t size)
    : weight(register_parameter("weight", weights.get("weight", {count, size}))) {}

at::Tensor Embedding::forward(const at::Tensor& ids) const { return at::embedding(weight, ids); }

}  // namespace sentence_transformers
