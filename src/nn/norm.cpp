#include "nn/norm.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "kernels/kernels.h"
#include "nn/scratch.h"
#include "nn/workspace.h"

namespace sentence_transformers {
namespace {

constexpr int64_t kNormRowsATask = 32;

at::Tensor read(const Weights& weights, const char* name, const char* old_name, int64_t size) {
  return weights.get(weights.contains(old_name) ? old_name : name, {size});
}

/// The kernel for rows of x, in the type of its numbers.
void normalize_rows(const at::Tensor& x, const at::Tensor* residual, at::Tensor* sum,
                    const at::Tensor& out, const kernels::Norm& norm, int64_t begin, int64_t rows) {
  const int64_t size = x.size(1), at = begin * size;
  float* scratch = scratch_floats(size);
  const auto run = [&](auto kernel, auto number) {
    using Number = decltype(number);
    const auto data = [&](const at::Tensor* t) -> Number* {
      return t ? static_cast<Number*>(t->data_ptr()) + at : nullptr;
    };
    kernel(data(&x), data(residual), norm, rows, size, data(sum), data(&out), scratch);
  };
  if (x.scalar_type() == at::kFloat) {
    run(kernels::best()->norm_f32, float{});
  } else {
    run(kernels::best()->norm_bf16, uint16_t{});
  }
}

}  // namespace

Norm::Norm(const Weights& weights, int64_t size, const NormConfig& config)
    : weight(register_parameter("weight", read(weights, "weight", "gamma", size))),
      size_(size),
      config_(config) {
  if (config.bias) bias = register_parameter("bias", read(weights, "bias", "beta", size));
}

Norm::Norm(int64_t size, const NormConfig& config)
    : weight(register_parameter("weight", at::full({size}, 1 - config.weight_offset, at::kFloat))),
      size_(size),
      config_(config) {
  if (config.bias) bias = register_parameter("bias", at::zeros({size}, at::kFloat));
}

void Norm::pack(const ComputeType& compute, PackedParameters& /*small: all are converted*/) {
  const at::NoGradGuard no_grad;
  if (!kernels::best() || size_ % kernels::kNormSizeStep != 0 ||
      (compute.type != at::kFloat && compute.type != at::kBFloat16)) {
    return;
  }
  // As LibTorch would see them: rounded to the type that is computed in.
  const auto prepare = [&](const at::Tensor& t) {
    return t.detach().to(compute.type).to(at::kFloat);
  };
  packed_weight_ = prepare(weight);
  if (config_.weight_offset != 0) packed_weight_ = packed_weight_ + config_.weight_offset;
  if (bias.defined()) packed_bias_ = prepare(bias);
  weight_version_ = parameter_version(weight);
}

at::Tensor Norm::plain(const at::Tensor& x) const {
  const auto type = x.scalar_type();
  if (config_.centred) {
    return at::layer_norm(x, {size_}, weight.to(type), bias.defined() ? bias.to(type) : bias,
                          config_.eps);
  }
  // In float32, as every family does it; those with an offset multiply before they round.
  const at::Tensor wide = x.to(at::kFloat);
  const at::Tensor scaled = wide * at::rsqrt(wide.square().mean(-1, true) + config_.eps);
  if (config_.weight_offset != 0) {
    return (scaled * (weight.to(at::kFloat) + config_.weight_offset)).to(type);
  }
  return scaled.to(type) * weight.to(type);
}

bool Norm::has_kernel(const at::Tensor& x) const {
  return packed_weight_.defined() && weight_version_ == parameter_version(weight) &&
         !at::GradMode::is_enabled() && x.is_cpu() &&
         (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
}

at::Tensor Norm::run(const at::Tensor& x, const at::Tensor* residual, at::Tensor* sum) const {
  const at::Tensor out = empty_in_workspace(x.sizes(), x.options());
  const kernels::Norm norm{packed_weight_.const_data_ptr<float>(),
                           packed_bias_.defined() ? packed_bias_.const_data_ptr<float>() : nullptr,
                           static_cast<float>(config_.eps), config_.centred};
  at::parallel_for(0, x.size(0), kNormRowsATask, [&](int64_t begin, int64_t end) {
    normalize_rows(x, residual, sum, out, norm, begin, end - begin);
  });
  return out;
}

at::Tensor Norm::forward(const at::Tensor& x) const {
  if (!has_kernel(x) || !x.is_contiguous()) return plain(x);
  return run(x, nullptr, nullptr);
}

at::Tensor Norm::forward_add(const at::Tensor& x, const at::Tensor& residual) const {
  if (!has_kernel(x) || !x.is_contiguous() || !residual.is_contiguous() ||
      residual.scalar_type() != x.scalar_type()) {
    return plain(x + residual);
  }
  return run(x, &residual, nullptr);
}

at::Tensor Norm::forward_sum(const at::Tensor& x, at::Tensor& residual) const {
  if (!has_kernel(x) || !x.is_contiguous() || !residual.is_contiguous() ||
      residual.scalar_type() != x.scalar_type()) {
    residual = x + residual;
    return plain(residual);
  }
  at::Tensor sum = empty_in_workspace(x.sizes(), x.options());
  const at::Tensor out = run(x, &residual, &sum);
  residual = sum;
  return out;
}

at::Tensor Norm::forward_heads(const at::Tensor& x, int64_t count) const {
  if (!has_kernel(x) || x.stride(1) != 1) {
    return plain(x.unflatten(1, {count, size_})).flatten(1);
  }
  const kernels::Norm norm{packed_weight_.const_data_ptr<float>(),
                           packed_bias_.defined() ? packed_bias_.const_data_ptr<float>() : nullptr,
                           static_cast<float>(config_.eps), config_.centred};
  at::parallel_for(0, x.size(0), kNormRowsATask, [&](int64_t begin, int64_t end) {
    float* scratch = scratch_floats(size_);
    for (int64_t row = begin; row < end; ++row) {
      const auto run = [&](auto kernel, auto number) {
        auto* at = static_cast<decltype(number)*>(x.data_ptr()) + row * x.stride(0);
        kernel(at, nullptr, norm, count, size_, nullptr, at, scratch);
      };
      if (x.scalar_type() == at::kFloat) {
        run(kernels::best()->norm_f32, float{});
      } else {
        run(kernels::best()->norm_bf16, uint16_t{});
      }
    }
  });
  return x;
}

}  // namespace sentence_transformers
