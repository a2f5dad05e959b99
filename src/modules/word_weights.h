// Token embeddings times a weight that each word has, such as its idf.
#pragma once

#include "core/config.h"
#include "modules/module.h"

namespace sentence_transformers {

/// As sentence-transformers 6.2's sentence_transformer/modules/word_weights.py: weights come from
/// config.json, whatever tensor lies beside it; mean pooling divides by their sum.
class WordWeights : public Module {
 public:
  explicit WordWeights(const std::filesystem::path& folder);

  void forward(Features& features) const override;
  std::string type() const override { return "WordWeights"; }
  void write(const std::filesystem::path& folder) const override;

 private:
  Config config_;
  at::Tensor weight_;  // [words, 1]
};

}  // namespace sentence_transformers
