// BertNormalizer, BertPreTokenizer and WordPiece in one pass over the text.
#pragma once

#include "tokenizers/pipeline.h"

namespace sentence_transformers {

std::unique_ptr<Pipeline> make_bert_pipeline(const Config& normalizer, const ModelParts& parts);

}  // namespace sentence_transformers
