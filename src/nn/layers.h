// The layers encoders are made of: LibTorch modules with a const forward, whose parameters are the
// checkpoint's own tensors, in the file's type until they are packed or converted.
#pragma once

#include <torch/nn/module.h>

#include <memory>
#include <optional>
#include <vector>

#include "core/weights.h"
#include "nn/packed_linear.h"

namespace sentence_transformers {

/// The parameters of y = x W^T + b. A Linear computes with them.
class Projection : public torch::nn::Module {
 public:
  Projection(const Weights& weights, int64_t in, int64_t out, bool with_bias = true);
  /// New parameters: weights from a normal distribution of this deviation around 0, bias 0.
  Projection(int64_t in, int64_t out, double deviation, bool with_bias = true);
  /// Of parameters that are registered elsewhere too.
  Projection(at::Tensor shared_weight, at::Tensor shared_bias);
  at::Tensor forward(const at::Tensor& x) const;  // [T, in] -> [T, out]

  at::Tensor weight;  // [out, in]
  at::Tensor bias;    // [out], or undefined
};

/// New parameters as torch.nn.Linear starts: drawn evenly from within 1 / sqrt(in).
std::shared_ptr<Projection> new_projection(int64_t in, int64_t out, bool with_bias);

/// Some outputs of a projection: `count` from `begin` on.
struct ProjectionRows {
  std::shared_ptr<Projection> projection;
  int64_t begin = 0, count = 0;
};

/// One or several projections of the same input, computed as one product with their outputs side by
/// side; or a gated pair, y = activation(first) * second. It owns no parameters: the projections
/// are registered elsewhere, by the checkpoint's names.
class Linear : public torch::nn::Module, public Packing {
 public:
  explicit Linear(std::shared_ptr<Projection> projection);
  explicit Linear(std::vector<ProjectionRows> rows, bool gated = false);

  at::Tensor forward(const at::Tensor& x, Activation activation = Activation::none) const;

  void pack(const ComputeType& compute, PackedParameters& packed) override;
  void unpack() override { packed_ = PackedLinear(); }
  /// Do its products have the precision of bytes?
  bool is_int8() const { return packed_.is_int8(); }

 private:
  std::vector<ProjectionRows> rows_;
  bool gated_;
  PackedLinear packed_;
};

/// Zeroes values with a probability while in training mode, and scales the others up.
class Dropout : public torch::nn::Module {
 public:
  explicit Dropout(double probability) : probability(probability) {}
  at::Tensor forward(const at::Tensor& x) const;

  double probability;
};

/// Rows of a table by their ids.
class Embedding : public torch::nn::Module, public Packing {
 public:
  Embedding(const Weights& weights, int64_t count, int64_t size);
  at::Tensor forward(const at::Tensor& ids) const;  // [T] -> [T, size]

  /// The table stays in the file's type; rows are converted as they are read.
  void pack(const ComputeType& compute, PackedParameters& packed) override;
  void unpack() override { type_.reset(); }

  at::Tensor weight;  // [count, size]

 private:
  std::optional<at::ScalarType> type_;  // of forward's result, where it is not the table's
};

}  // namespace sentence_transformers
