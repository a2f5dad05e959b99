// The vectors that an encoder's first layer gets: words, positions and token types.
#pragma once

#include <optional>
#include <string>

#include "nn/block.h"
#include "nn/token_batch.h"

namespace sentence_transformers {

/// Names are a checkpoint's; empty where there is none of it.
struct EmbeddingsConfig {
  int64_t vocab_size = 0, size = 0;
  std::string words = "";
  double scale = 1;  // of words
  std::string positions = "";
  int64_t position_count = 0;
  /// If given, a text's positions begin behind this id, and a literal token of this id has it for
  /// its position and is not counted, as in fairseq's models.
  std::optional<int64_t> padding_id = std::nullopt;
  std::string token_types = "";
  int64_t token_type_count = 0;
  std::string norm = "";
  NormConfig norm_config = {};
  double dropout = 0;
  std::string projection = "";  // to hidden_size, behind the norm
  bool projects_first = false;  // before the norm, and without a bias
  int64_t hidden_size = 0;
};

class Embeddings {
 public:
  /// Registers its parts with `owner`.
  Embeddings(const EmbeddingsConfig& config, const Weights& weights, Block& owner);
  at::Tensor forward(const TokenBatch& batch) const;  // -> [T, hidden_size]

  const std::shared_ptr<Embedding>& words() const { return words_; }

 private:
  at::Tensor project(const at::Tensor& x) const;

  EmbeddingsConfig config_;
  std::shared_ptr<Embedding> words_, positions_, token_types_;
  std::shared_ptr<Norm> norm_;
  std::shared_ptr<Dropout> dropout_;
  std::shared_ptr<Linear> projection_;
};

/// Positions of fairseq's models, [T]: padding_id + 1 at each text's first token.
at::Tensor positions_behind_padding(const TokenBatch& batch, int64_t padding_id);

}  // namespace sentence_transformers
