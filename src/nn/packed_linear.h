// Linear weights laid out for this processor's matrix product, for inference on the CPU.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "nn/activation.h"
#include "nn/packing.h"

namespace sentence_transformers {

/// Rows of a linear layer's parameters: some of its outputs.
struct LinearRows {
  at::Tensor weight;  // [rows, in], on the CPU, of any floating type
  at::Tensor bias;    // [rows], or undefined
};

/// One or several linear layers of the same input as one product, their outputs side by side; or a
/// gated pair, y = activation(first) * second. float32, bfloat16 and int8 use the kernels; other
/// types LibTorch's oneDNN operators, which are private and therefore looked up by name. Where
/// there is neither, or kernels are switched off, nothing is packed and usable() is false.
class PackedLinear {
 public:
  PackedLinear() = default;
  PackedLinear(const std::vector<LinearRows>& parts, bool gated, const ComputeType& compute);

  /// Is there anything packed?
  bool packed() const { return layout_ != Layout::none; }
  bool is_int8() const { return layout_ == Layout::int8; }
  /// False if there is nothing packed, a weight changed since, or gradients are wanted.
  bool usable() const;

  /// [T, in] -> [T, out], of compute.type.
  at::Tensor forward(const at::Tensor& x, Activation activation) const;

 private:
  enum class Layout { none, onednn, f32, bf16, int8 };
  void pack_onednn(const std::vector<LinearRows>& parts, at::ScalarType type);
  template <class Number, class Pack>
  void pack_panels(const std::vector<LinearRows>& parts, at::ScalarType type, const Pack& pack);
  void pack_f32(const std::vector<LinearRows>& parts);
  void pack_bf16(const std::vector<LinearRows>& parts);
  void pack_int8(const std::vector<LinearRows>& parts);
  /// Calls work(first column, columns, first output) for all panels, shared among the cores.
  void for_panels(const std::function<void(int64_t, int64_t, int64_t)>& work) const;
  at::Tensor forward_onednn(const at::Tensor& x, Activation activation) const;
  at::Tensor forward_f32(const at::Tensor& x, kernels::Epilogue epilogue) const;
  at::Tensor forward_bf16(const at::Tensor& x, kernels::Epilogue epilogue) const;
  at::Tensor forward_int8(const at::Tensor& x, kernels::Epilogue epilogue) const;

  Layout layout_ = Layout::none;
  bool gated_ = false;
  int64_t in_ = 0, out_ = 0;  // of forward
  int64_t columns_ = 0;       // outputs of the product, the padding between gated halves included
  at::Tensor weight_;         // as the layout has it
  at::Tensor bias_;           // float32, padded to whole panels; of onednn as its operator wants it
  at::Tensor scales_, sums_;  // of int8, padded to whole panels
  std::vector<at::Tensor> sources_;
  std::vector<uint32_t> versions_;
};

}  // namespace sentence_transformers
