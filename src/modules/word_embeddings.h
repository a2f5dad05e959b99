// A first module that looks words up in a table of vectors, such as GloVe's.
#pragma once

#include <memory>

#include "core/checkpoint.h"
#include "modules/input_module.h"
#include "modules/mapped_weights.h"
#include "nn/layers.h"
#include "tokenizers/words/word_tokenizer.h"

namespace sentence_transformers {

/// As sentence-transformers 6.2's sentence_transformer/modules/word_embeddings.py. A text without a
/// known word has no token embeddings, and mean pooling makes zeros of it.
class WordEmbeddings : public InputModule {
 public:
  /// Reads wordembedding_config.json, the tokenizer's files and the weights.
  explicit WordEmbeddings(const std::filesystem::path& folder);

  /// batch -> token_embeddings. Throws as Transformer::forward.
  void forward(Features& features) const override;
  FeatureSizes output_sizes(FeatureSizes) const override { return {table_->weight.size(1), 0}; }

  Encoding tokenize(std::string_view text) const override;
  const Tokenizer* tokenizer() const override { return tokenizer_->tokenizer(); }
  int64_t max_seq_length() const override { return max_seq_length_; }
  void set_max_seq_length(int64_t length, const std::string& function) override;

  std::string type() const override { return "WordEmbeddings"; }
  void write(const std::filesystem::path& folder) const override;
  void release_pages() const override { weights_.release_pages(); }
  void forget_checkpoint() override { weights_.forget(); }

 private:
  WordEmbeddings(const std::filesystem::path& folder, const CheckpointFiles& files);

  std::unique_ptr<WordTokenizer> tokenizer_;
  bool update_embeddings_;
  int64_t max_seq_length_;
  MappedWeights weights_;
  std::shared_ptr<Embedding> table_;
};

}  // namespace sentence_transformers
