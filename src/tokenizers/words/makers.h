// The makers of word tokenizers, each defined in its own file.
#pragma once

#include <filesystem>
#include <memory>

#include "tokenizers/words/word_tokenizer.h"

namespace sentence_transformers {

std::unique_ptr<WordTokenizer> make_whitespace_tokenizer(const std::filesystem::path& folder);
std::unique_ptr<WordTokenizer> make_phrase_tokenizer(const std::filesystem::path& folder);
std::unique_ptr<WordTokenizer> make_tokenizer_wrapper(const std::filesystem::path& folder);

}  // namespace sentence_transformers
