// Preparing loaded modules for inference on the CPU: weights go into the layout and the type that
// products want, part by part, and back before training.
#pragma once

#include <ATen/core/Tensor.h>
#include <sentence_transformers/quantization.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <functional>
#include <unordered_set>

namespace sentence_transformers {

/// The numbers to compute in: `type` is Float, BFloat16 or Half.
struct ComputeType {
  at::ScalarType type = at::kFloat;
  Quantization quantization = Quantization::none;
};

/// Counts in-place changes of a parameter, so that a prepared form can notice them. Tensors made in
/// inference mode have no counter; they cannot be trained either.
inline uint32_t parameter_version(const at::Tensor& tensor) {
  return tensor.is_inference() ? 0 : static_cast<uint32_t>(tensor._version());
}

/// Parameters that a module keeps in a form of its own, so that they may stay as the file has them.
using PackedParameters = std::unordered_set<const c10::TensorImpl*>;

/// A module that prepares its parameters for inference.
class Packing {
 public:
  virtual ~Packing() = default;
  /// Makes the prepared form of the parameters, which are on the CPU and of any floating type, and
  /// adds those that need no conversion to `packed`.
  virtual void pack(const ComputeType& compute, PackedParameters& packed) = 0;
  /// Drops the prepared form.
  virtual void unpack() = 0;
};

/// Prepares all modules below `root` on the CPU, calling `after_each` when the parameters of one
/// have been read. Parameters that no module packs are converted to compute.type.
void pack_weights(torch::nn::Module& root, const ComputeType& compute,
                  const std::function<void()>& after_each);

/// Undoes pack_weights: parameters are of `type` again.
void unpack_weights(torch::nn::Module& root, at::ScalarType type);

}  // namespace sentence_transformers
