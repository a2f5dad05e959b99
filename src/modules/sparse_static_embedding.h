// A first module without an encoder: each token that a text has, with a weight of its own.
#pragma once

#include "core/checkpoint.h"
#include "modules/input_module.h"
#include "modules/mapped_weights.h"

namespace sentence_transformers {

/// As sentence-transformers 6.2's sparse_encoder/modules/sparse_static_embedding.py: the route of
/// queries in models whose documents alone go through a transformer. No special tokens; how often a
/// token stands in the text does not count.
class SparseStaticEmbedding : public InputModule {
 public:
  /// Reads the tokenizer, config.json and "weight". Throws UnsupportedError for a config.json with
  /// a "path" to weights elsewhere, LoadError for weights that do not fit.
  explicit SparseStaticEmbedding(const std::filesystem::path& folder);

  /// batch -> sentence_embedding [N, V]. Throws as Transformer::forward.
  void forward(Features& features) const override;
  FeatureSizes output_sizes(FeatureSizes) const override {
    return {.sentence_embedding = weight_.size(0)};
  }
  Encoding tokenize(std::string_view text) const override {
    return tokenizer_.encode_content(text, max_seq_length());
  }
  const Tokenizer* tokenizer() const override { return &tokenizer_; }
  int64_t max_seq_length() const override {
    return tokenizer_.model_max_length().value_or(Tokenizer::kNoLimit);
  }

  std::string type() const override { return "SparseStaticEmbedding"; }
  std::string python_path() const override;
  void write(const std::filesystem::path& folder) const override;
  void release_pages() const override { weights_.release_pages(); }
  void forget_checkpoint() override { weights_.forget(); }

 private:
  SparseStaticEmbedding(const std::filesystem::path& folder, const CheckpointFiles& files);

  std::filesystem::path folder_;
  Tokenizer tokenizer_;
  MappedWeights weights_;
  at::Tensor weight_;  // [V]
  bool frozen_ = false;
};

}  // namespace sentence_transformers
