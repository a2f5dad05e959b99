// The head of rerankers that are language models: what LogitScore makes of the next token's logits.
#pragma once

#include <memory>

#include "encoders/encoder.h"

namespace sentence_transformers {

/// `weights` at the checkpoint's root. The table of outputs is config.json's lm_head, or with
/// tie_word_embeddings the encoder's words. Throws LoadError for a token outside it.
std::shared_ptr<ClassificationHead> make_logit_head(const Config& config, const Weights& weights,
                                                    Encoder& encoder,
                                                    const LogitScoreConfig& score);

}  // namespace sentence_transformers
