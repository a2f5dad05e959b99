// The makers of the models' table, each in the file of its kind.
#pragma once

#include "tokenizers/models/model.h"

namespace sentence_transformers {

std::unique_ptr<Model> make_bpe(const ModelParts& parts);
std::unique_ptr<Model> make_unigram(const ModelParts& parts);
std::unique_ptr<Model> make_word_level(const ModelParts& parts);
std::unique_ptr<Model> make_wordpiece_model(const ModelParts& parts);

}  // namespace sentence_transformers
