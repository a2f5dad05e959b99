#include "nn/layers.h"

#include <ATen/Parallel.h>

#include "kernels/kernels.h"
#include "nn/scratch.h"
#include "nn/workspace.h"

namespace sentence_transformers {

Projection::Projection(const Weights& weights, int64_t in, int64_t out, bool with_bias)
    : weight(register_parameter("weight", weights.get("weight", {out, in}))) {
  if (with_bias) bias = register_parameter("bias", weights.get("bias", {out}));
}

Projection::Projection(int64_t in, int64_t out, double deviation)
    : weight(register_parameter("weight", at::empty({out, in}).normal_(0.0, deviation))),
      bias(register_parameter("bias", at::zeros({out}))) {}

at::Tensor Projection::forward(const at::Tensor& x) const { return at::linear(x, weight, bias); }

at::Tensor Linear::forward(const at::Tensor& x, Activation activation) const {
  if (packed_.usable()) return packed_.forward(x, activation);
  return activate(Projection::forward(x), activation);
}

void Linear::train(bool on) {
  Projection::train(on);
  packed_ = on ? PackedLinear() : PackedLinear({weight}, {bias}, quantization);
  if (!on && after_packing) after_packing();
}

at::Tensor Dropout::forward(const at::Tensor& x) const {
  return is_training() ? at::dropout(x, probability, true) : x;
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

at::Tensor LayerNorm::forward_add(const at::Tensor& x, const at::Tensor& residual) const {
  constexpr int64_t kSizeStep = 16;  // what the loops' vectors divide
  const auto type = x.scalar_type();
  const int64_t size = x.size(1);
  if (!kernels::best() || at::GradMode::is_enabled() || !x.is_cpu() || size % kSizeStep != 0 ||
      !x.is_contiguous() || !residual.is_contiguous() || residual.scalar_type() != type ||
      (type != at::kFloat && type != at::kBFloat16)) {
    return forward(x + residual);
  }
  const at::Tensor out = empty_in_workspace(x.sizes(), x.options());
  const at::Tensor w = weight.to(at::kFloat), b = bias.to(at::kFloat);
  const auto eps = static_cast<float>(eps_);
  constexpr int64_t kRowsATask = 32;
  at::parallel_for(0, x.size(0), kRowsATask, [&](int64_t begin, int64_t end) {
    const int64_t at = begin * size, rows = end - begin;
    float* scratch = scratch_floats(size);
    const auto* scale = w.const_data_ptr<float>();
    const auto* shift = b.const_data_ptr<float>();
    if (type == at::kFloat) {
      kernels::best()->add_layer_norm(x.const_data_ptr<float>() + at,
                                      residual.const_data_ptr<float>() + at, scale, shift, eps,
                                      rows, size, out.data_ptr<float>() + at, scratch);
    } else {
      const auto half = [&](const at::Tensor& t) {
        return static_cast<uint16_t*>(t.data_ptr()) + at;
      };
      kernels::best()->add_layer_norm_bf16(half(x), half(residual), scale, shift, eps, rows, size,
                                           half(out), scratch);
    }
  });
  return out;
}

Embedding::Embedding(const Weights& weights, int64_t count, int64_t size)
    : weight(register_parameter("weight", weights.get("weight", {count, size}))) {}

at::Tensor Embedding::forward(const at::Tensor& ids) const {
  if (at::GradMode::is_enabled()) return at::embedding(weight, ids);
  at::Tensor rows = empty_in_workspace({ids.size(0), weight.size(1)}, weight.options());
  return at::index_select_out(rows, weight, 0, ids);
}

}  // namespace sentence_transformers
