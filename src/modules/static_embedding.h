// A first module without an encoder: the mean of vectors that each token has of its own.
#pragma once

#include <memory>

#include "core/checkpoint.h"
#include "modules/input_module.h"
#include "modules/mapped_weights.h"

namespace sentence_transformers {

/// As sentence-transformers 6.2's sentence_transformer/modules/static_embedding.py: tokenizer.json
/// as it stands, without special tokens; a text without tokens is a row of zeros.
class StaticEmbedding : public InputModule {
 public:
  /// Reads tokenizer.json and the table: "embedding.weight", or model2vec's "embeddings" with its
  /// "mapping" of ids to rows and its "weights" of tokens. Throws LoadError for a table that does
  /// not fit.
  explicit StaticEmbedding(const std::filesystem::path& folder);

  /// batch -> sentence_embedding. Throws as Transformer::forward.
  void forward(Features& features) const override;
  FeatureSizes output_sizes(FeatureSizes) const override;
  Encoding tokenize(std::string_view text) const override;
  const Tokenizer* tokenizer() const override { return &tokenizer_; }

  std::string type() const override { return "StaticEmbedding"; }
  void write(const std::filesystem::path& folder) const override;
  void release_pages() const override { weights_.release_pages(); }
  void forget_checkpoint() override { weights_.forget(); }

 private:
  struct Table;
  StaticEmbedding(const std::filesystem::path& folder, const CheckpointFiles& files);

  std::filesystem::path folder_;
  Tokenizer tokenizer_;
  int64_t most_tokens_;  // by the truncation in tokenizer.json
  MappedWeights weights_;
  std::shared_ptr<Table> table_;
};

}  // namespace sentence_transformers
