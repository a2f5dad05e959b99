// Where a model computes and in which numbers: checked once, applied to its modules.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>
#include <sentence_transformers/quantization.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "modules/module.h"
#include "nn/autocast.h"

namespace sentence_transformers {

class Placement {
 public:
  /// `function` begins error texts. Throws std::invalid_argument for an unknown device or type, or
  /// int8 beside another device or type than the CPU and float32; Error where this machine lacks
  /// what is asked for.
  Placement(std::string function, const std::string& device, at::ScalarType dtype,
            Quantization quantization);

  /// Moves freshly loaded modules there and packs their weights.
  void place(const std::vector<std::shared_ptr<Module>>& modules);
  /// Switches to training (dropout, no packed weights) or back. Throws std::invalid_argument if the
  /// numbers do not allow training.
  void train(const std::vector<std::shared_ptr<Module>>& modules, bool on) const;

  /// Of the passes with gradients: autocast to bfloat16, if set.
  Autocast autocast_scope() const;
  bool autocast = false;

  /// Tokens of a forward pass at most. On the CPU each core carries a pass of its own through all
  /// layers, small enough that what flows between them stays in its cache; a large model's weights
  /// leave the cache anyway, and so are read for more tokens at once. A GPU wants large passes.
  int64_t tokens_a_pass() const;

  c10::Device device() const { return device_; }
  at::ScalarType dtype() const { return dtype_; }

 private:
  /// Converts parameters and packs weights for inference.
  void prepare(torch::nn::Module& module, const std::function<void()>& after_each) const;

  std::string function_;
  c10::Device device_;
  at::ScalarType dtype_;
  Quantization quantization_;
  int64_t weights_ = 0;  // that the products of the modules read
};

/// Of every dropout below the modules. Throws std::invalid_argument outside [0, 1).
void set_dropout(const std::vector<std::shared_ptr<Module>>& modules, double probability);

}  // namespace sentence_transformers
