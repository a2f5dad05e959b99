// HierarchicalTokenPooling as a step of modules.json.
#pragma once

#include <sentence_transformers/token_pooling.h>

#include "core/config.h"
#include "modules/module.h"

namespace sentence_transformers {

/// As sentence-transformers 6.2's multi_vector_encoder/modules/token_pooling.py.
class TokenPoolingModule : public Module {
 public:
  /// Throws LoadError for a pool_factor below 1, or a number of protected tokens below 0.
  explicit TokenPoolingModule(const Config& config);

  void forward(Features& features) const override;
  FeatureSizes output_sizes(FeatureSizes sizes) const override {
    sizes.some_tokens = true;
    return sizes;
  }
  std::string type() const override { return "HierarchicalTokenPooling"; }
  std::string python_path() const override;
  void write(const std::filesystem::path& folder) const override;

 private:
  HierarchicalTokenPooling pooling_;
};

}  // namespace sentence_transformers
