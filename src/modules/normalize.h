// Embeddings of sentences or tokens scaled to length 1.
#pragma once

#include "core/config.h"
#include "modules/module.h"

namespace sentence_transformers {

/// As sentence-transformers 6.2's base/modules/normalize.py.
class Normalize : public Module {
 public:
  explicit Normalize(bool of_tokens) : of_tokens_(of_tokens) {}
  /// Reads config.json, if there is one. Throws LoadError where no module before it gives what it
  /// normalizes.
  Normalize(const std::filesystem::path& folder, const FeatureSizes& sizes);

  void forward(Features& features) const override;
  std::string type() const override { return "Normalize"; }
  void write(const std::filesystem::path& folder) const override;

 private:
  bool of_tokens_;
};

}  // namespace sentence_transformers
