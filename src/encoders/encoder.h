// A transformer that turns packed tokens into hidden states; one file per architecture, one row
// each in registry.cpp.
#pragma once

#include <torch/nn/module.h>

#include <memory>

#include "core/config.h"
#include "core/weights.h"
#include "nn/token_batch.h"

namespace sentence_transformers {

class Encoder : public torch::nn::Module {
 public:
  /// The last hidden states [T, hidden_size()].
  virtual at::Tensor forward(const TokenBatch& batch) const = 0;

  virtual int64_t hidden_size() const = 0;
  virtual int64_t vocab_size() const = 0;
  /// The longest text it can take, in tokens.
  virtual int64_t max_positions() const = 0;
};

/// The encoder that config.json's `model_type` names, built from a checkpoint. Throws
/// UnsupportedError, naming what there is, for an unknown one, and LoadError where config and
/// checkpoint do not fit, or the checkpoint holds tensors that the architecture does not know.
std::shared_ptr<Encoder> make_encoder(const Config& config, const Weights& weights);

// The makers in registry.cpp's table. `weights` stands at the model itself, behind any prefix.
std::shared_ptr<Encoder> make_bert(const Config& config, const Weights& weights);

}  // namespace sentence_transformers
