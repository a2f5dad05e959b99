// The first module: a tokenizer and an encoder from one Hugging Face folder.
#pragma once

#include <sentence_transformers/tokenizer.h>

#include <optional>

#include "encoders/encoder.h"
#include "modules/module.h"

namespace sentence_transformers {

class Transformer : public Module {
 public:
  /// Reads config.json, the weights, the tokenizer, and sentence-transformers' own settings
  /// (sentence_bert_config.json or an older name) if they are there.
  explicit Transformer(const std::filesystem::path& folder);

  /// Lets go of the checkpoint's pages until they are touched again; only before anything changes a
  /// parameter.
  void release_pages() const { weights_->release(); }
  /// No more of that: the parameters may change from now on.
  void forget_checkpoint() { weights_.reset(); }

  /// batch -> token_embeddings
  void forward(Features& features) const override;
  int64_t output_size(int64_t) const override { return encoder_->hidden_size(); }

  const Tokenizer& tokenizer() const { return tokenizer_; }
  int64_t max_seq_length() const { return max_seq_length_; }
  /// Throws std::invalid_argument outside what the tokenizer's template and the encoder's positions
  /// allow.
  void set_max_seq_length(int64_t length);

 private:
  Transformer(const std::filesystem::path& folder, const Config& model, const Config& settings);

  Tokenizer tokenizer_;
  std::optional<Weights> weights_;
  std::shared_ptr<Encoder> encoder_;
  int64_t max_seq_length_;
};

}  // namespace sentence_transformers
