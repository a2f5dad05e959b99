// Vocabularies and merges from tokenizer.json and from the files that are older than it.
#pragma once

#include <filesystem>

#include "tokenizers/models/model.h"
#include "tokenizers/tokenizer_folder.h"

namespace sentence_transformers {

/// tokenizer.json's, taken out of `object`. Throws LoadError for what is no id.
Vocabulary read_json_vocabulary(const Config& model, InnerObject& object);

/// vocab.txt: a token a line, whose number is the id.
Vocabulary read_vocab_txt(const std::filesystem::path& path);

/// vocab.json: {"token": id}.
Vocabulary read_vocab_json(const std::filesystem::path& path);

/// tokenizer.json's "merges": "a b" or ["a", "b"] each. Throws LoadError for anything else.
Merges read_json_merges(const Config& model);

/// merges.txt: "a b" a line, with a line "#version ..." that is skipped.
Merges read_merges_txt(const std::filesystem::path& path);

}  // namespace sentence_transformers
