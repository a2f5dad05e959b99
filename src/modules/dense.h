// A linear layer and an activation over what an earlier module made.
#pragma once

#include <optional>

#include "core/config.h"
#include "modules/module.h"
#include "nn/layers.h"

namespace sentence_transformers {

/// As sentence-transformers 6.2's base/modules/dense.py.
class Dense : public Module {
 public:
  /// Reads config.json and the weights. Throws LoadError where the module before it gives other
  /// sizes.
  Dense(const std::filesystem::path& folder, const FeatureSizes& sizes);
  /// By a configuration; without weights with new ones, drawn from LibTorch's default generator.
  Dense(const Config& config, const FeatureSizes& sizes, const std::optional<Weights>& weights);

  void forward(Features& features) const override;
  FeatureSizes output_sizes(FeatureSizes sizes) const override {
    (of_tokens_ ? sizes.token_embeddings : sizes.sentence_embedding) = out_features_;
    return sizes;
  }
  std::string type() const override { return "Dense"; }
  void write(const std::filesystem::path& folder) const override;

 private:
  at::Tensor apply(const at::Tensor& x) const;

  Config config_;
  int64_t in_features_, out_features_;
  bool of_tokens_ = false;  // works on token_embeddings
  bool use_residual_;
  Activation activation_;
  std::shared_ptr<Projection> linear_, residual_;
  std::shared_ptr<Linear> product_;
};

}  // namespace sentence_transformers
