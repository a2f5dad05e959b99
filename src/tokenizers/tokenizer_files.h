// A Hugging Face folder's tokenizer files, read into what a Tokenizer is made of.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "tokenizers/added_tokens.h"
#include "tokenizers/pipeline.h"
#include "tokenizers/template.h"

namespace sentence_transformers {

struct TokenizerParts {
  std::unique_ptr<Pipeline> pipeline;
  Vocabulary vocabulary;
  std::vector<AddedToken> added_tokens;
  Template post_processor;
  std::optional<int64_t> model_max_length;
};

/// tokenizer.json first, else vocab.txt. What counts follows transformers 5.23
/// (tests/golden/README.md has the table): its BertTokenizer takes only the vocabulary and added
/// tokens from tokenizer.json and rebuilds the rest by tokenizer_config.json; any other class takes
/// tokenizer.json as it stands. Truncation and padding are the caller's business, as in
/// sentence-transformers. `do_lower_case` adds lowercasing and leaves accents as the files have
/// them.
TokenizerParts read_tokenizer_files(const std::filesystem::path& folder, bool do_lower_case);

}  // namespace sentence_transformers
