// Dropout of sentence embeddings while training.
#pragma once

#include "modules/module.h"
#include "nn/layers.h"

namespace sentence_transformers {

/// As sentence-transformers 6.2's sentence_transformer/modules/dropout.py.
class DropoutModule : public Module {
 public:
  explicit DropoutModule(const std::filesystem::path& folder);

  void forward(Features& features) const override;
  std::string type() const override { return "Dropout"; }
  void write(const std::filesystem::path& folder) const override;

 private:
  std::shared_ptr<Dropout> dropout_;
};

}  // namespace sentence_transformers
