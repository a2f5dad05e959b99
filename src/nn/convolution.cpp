#include "nn/convolution.h"

#include <ATen/ATen.h>

namespace sentence_transformers {

Convolution::Convolution(const ConvolutionConfig& config, const Weights& weights)
    : config_(config),
      norm_(add_norm("LayerNorm", weights, config.size, config.norm)),
      dropout_(add_dropout("dropout", config.dropout)) {
  const auto owner = add("conv", std::make_shared<Block>());
  const Weights own = weights / "conv";
  weight_ = owner->register_parameter(
      "weight", own.get("weight", {config.size, config.size / config.groups, config.kernel}));
  bias_ = owner->register_parameter("bias", own.get("bias", {config.size}));
}

at::Tensor Convolution::forward(const at::Tensor& x, const at::Tensor& residual,
                                const TokenBatch& batch) const {
  const at::Tensor weight = weight_.to(x.scalar_type()), bias = bias_.to(x.scalar_type());
  std::vector<at::Tensor> outputs;
  for (const LengthGroup& g : batch.groups) {
    const at::Tensor texts =
        x.narrow(0, g.offset, g.count * g.length).view({g.count, g.length, -1}).transpose(1, 2);
    const at::Tensor mixed =
        at::conv1d(texts, weight, bias, 1, (config_.kernel - 1) / 2, 1, config_.groups);
    outputs.push_back(mixed.transpose(1, 2).reshape({g.count * g.length, -1}));
  }
  const at::Tensor all = outputs.size() == 1 ? outputs[0] : at::cat(outputs);
  return norm_->forward_add(activate(dropout_->forward(all), config_.activation), residual);
}

}  // namespace sentence_transformers
