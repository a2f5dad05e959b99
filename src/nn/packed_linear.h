// Linear weights laid out for this processor's matrix product, for inference on the CPU.
#pragma once

#include <ATen/core/Tensor.h>
#include <sentence_transformers/quantization.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <functional>
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
/// float32, bfloat16 and int8 use the own loops; other types, and processors without them,
/// LibTorch's oneDNN operators, which are private and therefore looked up by name. Where there is
/// neither, or SENTENCE_TRANSFORMERS_PLAIN is set, nothing is packed and usable() is false.
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
  enum class Layout { none, onednn, floats, halves, bytes };
  void pack_onednn(const at::Tensor& weight);
  void pack_float(const at::Tensor& weight);
  void pack_bf16(const at::Tensor& weight);
  void pack_int8(const at::Tensor& weight);
  at::Tensor pad(const at::Tensor& vector) const;
  void for_columns(const std::function<void(int64_t, int64_t)>& work) const;
  at::Tensor forward_onednn(const at::Tensor& x, bool gelu) const;
  at::Tensor forward_float(const at::Tensor& x, bool gelu) const;
  at::Tensor forward_bf16(const at::Tensor& x, bool gelu) const;
  at::Tensor forward_int8(const at::Tensor& x, bool gelu) const;

  Layout layout_ = Layout::none;
  at::Tensor weight_;         // as the layout has it
  at::Tensor bias_;           // [out], padded to whole panels of the own layouts
  at::Tensor scales_, sums_;  // [out], padded, of bytes
  int64_t in_ = 0, out_ = 0;
  std::vector<at::Tensor> sources_;
  std::vector<uint32_t> versions_;
};

/// A module that packs its weights in eval mode.
class Packing {
 public:
  virtual ~Packing() = default;
  Quantization quantization = Quantization::none;
  std::function<void()> after_packing;  // if set: the unpacked weights have been read
};

/// Switches all modules below `root` to eval mode, packing weights as `quantization` says, and
/// calls `after_packing` after each.
void pack_weights(torch::nn::Module& root, Quantization quantization,
                  const std::function<void()>& after_packing);

}  // namespace sentence_transformers
