// Token embeddings as a weighted mean of an encoder's layers.
#pragma once

#include "core/config.h"
#include "modules/module.h"

namespace sentence_transformers {

/// As sentence-transformers 6.2's sentence_transformer/modules/weighted_layer_pooling.py; without
/// output_hidden_states in the encoder's config.json it does nothing, as there.
class WeightedLayerPooling : public Module {
 public:
  WeightedLayerPooling(const std::filesystem::path& folder, const FeatureSizes& sizes);

  /// Throws UnsupportedError where the encoder has another number of layers.
  void forward(Features& features) const override;
  bool reads_layers() const override { return true; }
  std::string type() const override { return "WeightedLayerPooling"; }
  void write(const std::filesystem::path& folder) const override;

 private:
  int64_t size_, layer_start_, num_hidden_layers_;
  at::Tensor layer_weights_;  // of the layers from layer_start on, of which 0 is the embeddings
};

}  // namespace sentence_transformers
