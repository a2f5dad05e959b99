// The head of masked language models: what gives each token a score of every word.
#pragma once

#include <memory>
#include <string>

#include "encoders/encoder.h"
#include "nn/activation.h"
#include "nn/norm.h"

namespace sentence_transformers {

/// Names are a checkpoint's, from its root.
struct LanguageHeadConfig {
  std::string dense = "";  // [D, D], `activation`, `norm`
  bool dense_bias = true;
  Activation activation = Activation::gelu;
  std::string norm = "";
  NormConfig norm_config = {};
  /// The product with a row for each word. Files without its weight share the encoder's words.
  std::string decoder = "";
  bool ties_words = true;  // config.json's tie_word_embeddings
  std::string bias = "";   // of the decoder, in files that have it not under the decoder's name
  bool decoder_bias = true;
};

/// `weights` at the checkpoint's root. Throws LoadError where a part is missing.
std::shared_ptr<LanguageHead> make_language_head(const LanguageHeadConfig& config,
                                                 const Weights& weights, Encoder& encoder);

}  // namespace sentence_transformers
