// A Hugging Face folder's tokenizer files, read into what a Tokenizer is made of.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tokenizers/added_tokens.h"
#include "tokenizers/decoders/decoder.h"
#include "tokenizers/pipeline.h"
#include "tokenizers/post_processors/post_processor.h"

namespace sentence_transformers {

struct TokenizerParts {
  std::unique_ptr<Pipeline> pipeline;
  std::unique_ptr<Decoder> decoder;  // null: spaces between tokens
  Vocabulary vocabulary;
  TokenIndex index;  // of the vocabulary
  std::vector<AddedToken> added_tokens;
  std::map<std::string, std::string> named_tokens;  // texts of special tokens by name
  Template post_processor;
  std::optional<int64_t> model_max_length;
  bool cleans_up = false;  // decode takes spaces before English punctuation away
  bool keeps_end = false;  // truncation takes the first tokens away instead of the last ones
};

/// tokenizer.json first, else vocab.txt or vocab.json with merges.txt. What counts follows
/// transformers 5.23 (tests/golden/README.md has the table): its BertTokenizer and others take only
/// vocabulary, merges and added tokens from tokenizer.json and rebuild the rest by
/// tokenizer_config.json; any other class takes tokenizer.json as it stands. Truncation and padding
/// are the caller's business, as in sentence-transformers. `do_lower_case` adds lowercasing and
/// leaves accents as the files have them.
TokenizerParts read_tokenizer_files(const std::filesystem::path& folder, bool do_lower_case);

/// Makes a word of the vocabulary, or of the added tokens, a special token that is looked for in
/// the raw text; a word that is neither is left out.
void make_special(TokenizerParts& parts, const std::string& word);

/// A tokenizer.json as it stands, with nothing of the files beside it; its truncation's max_length
/// is the model_max_length.
TokenizerParts read_tokenizer_json(const std::filesystem::path& file);

}  // namespace sentence_transformers
