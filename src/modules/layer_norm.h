// LayerNorm over sentence embeddings, with PyTorch's default eps.
#pragma once

#include "modules/module.h"
#include "nn/norm.h"

namespace sentence_transformers {

/// As sentence-transformers 6.2's sentence_transformer/modules/layer_norm.py.
class LayerNormModule : public Module {
 public:
  /// Reads config.json and the weights. Throws LoadError for another dimension than the sentence
  /// embedding before it.
  LayerNormModule(const std::filesystem::path& folder, const FeatureSizes& sizes);

  void forward(Features& features) const override;
  std::string type() const override { return "LayerNorm"; }
  void write(const std::filesystem::path& folder) const override;

 private:
  int64_t dimension_;
  std::shared_ptr<Norm> norm_;
};

}  // namespace sentence_transformers
