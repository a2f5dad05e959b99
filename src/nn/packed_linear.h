// Linear weights laid out for this processor's matrix product, for inference on the CPU.
#pragma once

#include <ATen/core/Tensor.h>
#include <sentence_transformers/quantization.h>
#include <torch/nn/module.h>

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
/// Weights that float keep their type and use LibTorch's oneDNN operators; these are private, so
/// they are looked up by name. int8 uses the own loops. Where there is no such operator or loop, or
/// SENTENCE_TRANSFORMERS_PLAIN is set, nothing is packed and usable() is false.
class PackedLinear {
 public:
  PackedLinear() = default;
  /// weights: [out_i, in] each, on the CPU; biases: [out_i] each, all or none defined.
  PackedLinear(const std::vector<at::Tensor>& weights, const std::vector<at::Tensor>& biases,
               Quantization quantization);

  /// False if there is nothing packed, a weight changed since, or gradients are wanted.
  bool usable() const;

  at::Tensor forward(const at::Tensor& x, Activation activation) const;  // [T, in] -> [T, out]

 private:
  void pack_float(const at::Tensor& weight);
  void pack_int8(const at::Tensor& weight);
  at::Tensor forward_int8(const at::Tensor& x, bool gelu) const;

  at::Tensor weight_;                // oneDNN's layout, or int8 panels
  at::Tensor bias_;                  // [out]; padded for int8
  at::Tensor scales_, corrections_;  // [out], padded, for int8
  int64_t in_ = 0, out_ = 0;
  std::vector<at::Tensor> sources_;
  std::vector<uint32_t> versions_;
};

/// A module that packs its weights in eval mode.
class Packing {
 public:
  virtual ~Packing() = default;
  Quantization quantization = Quantization::none;
};

/// Chooses what all modules below `root` pack to; takes effect with the next eval().
void set_quantization(torch::nn::Module& root, Quantization quantization);

}  // namespace sentence_transformers
