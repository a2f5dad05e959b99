// Which tokens are added to the vocabulary, with which flags and ids: what transformers 5.23 makes
// of tokenizer.json, tokenizer_config.json, special_tokens_map.json and added_tokens.json.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizers/added_tokens.h"
#include "tokenizers/tokenizer_folder.h"
#include "tokenizers/vocabulary_files.h"

namespace sentence_transformers {

/// A special token with a name, such as "cls_token", and its text.
struct NamedToken {
  std::string_view name, content;
  bool lstrip = false;
};

struct AddedTokenRules {
  std::span<const NamedToken> defaults = {};  // of names that no file gives
  std::span<const AddedToken> others = {};    // where no settings list tokens without a name
  bool keeps_file = false;                    // tokenizer.json's tokens are there from the start
  bool only_known = false;                    // a named one that is missing everywhere is not added
  bool adds_again = false;  // named ones come again, with the flags of plain special tokens
};

struct AddedTokenList {
  std::vector<AddedToken> tokens;
  std::map<std::string, std::string> named;  // texts by name

  /// The text of a named token, if it has one.
  std::optional<std::string> content(const std::string& name) const;
};

/// A token that the vocabulary lacks gets the next free id, whatever the files say. Throws
/// LoadError for malformed lists.
AddedTokenList read_added_tokens(const TokenizerFolder& folder, const AddedTokenRules& rules,
                                 const TokenIndex& vocabulary);

}  // namespace sentence_transformers
