// Linear weights laid out for this processor's matrix product, for inference on the CPU.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sentence_transformers {

/// What follows a linear layer.
enum class Activation { none, gelu, gelu_tanh, relu, silu, tanh };

/// config.json's `hidden_act`; "gelu" is the exact erf form. Throws UnsupportedError, beginning
/// with `where`, for another name.
Activation parse_activation(std::string_view name, const std::string& where);
at::Tensor activate(const at::Tensor& x, Activation activation);

/// One or several linear layers on the same input as one product, their outputs side by side.
/// LibTorch's operators for it are private, so they are looked up by name; where they are missing,
/// or SENTENCE_TRANSFORMERS_PLAIN is set, nothing is packed and usable() is false.
class PackedLinear {
 public:
  PackedLinear() = default;
  /// weights: [out_i, in] each, on the CPU; biases: [out_i] each, all or none defined.
  PackedLinear(const std::vector<at::Tensor>& weights, const std::vector<at::Tensor>& biases);

  /// False if there is nothing packed, a weight changed since, or gradients are wanted.
  bool usable() const;

  at::Tensor forward(const at::Tensor& x, Activation activation) const;  // [T, in] -> [T, out]
  at::Tensor forward_add(const at::Tensor& x, const at::Tensor& residual) const;  // + [T, out]

 private:
  at::Tensor weight_, bias_;
  std::vector<at::Tensor> sources_;
  std::vector<uint32_t> versions_;
};

}  // namespace sentence_transformers
