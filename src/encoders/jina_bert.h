// Jina's BERT, which config.json calls "bert" too and tells apart by its positions.
#pragma once

#include <memory>

#include "encoders/encoder.h"

namespace sentence_transformers {

/// position_embedding_type "alibi". Throws UnsupportedError for a feed-forward network that the
/// authors' code does not have.
std::shared_ptr<Encoder> make_jina_bert(const Config& config, const Weights& weights);

}  // namespace sentence_transformers
