// A cross-encoder's pairs in tokens: two texts with special tokens, or one by a chat template.
#pragma once

#include <sentence_transformers/tokenizer.h>

#include <string>
#include <string_view>
#include <vector>

#include "tokenizers/chat_template.h"

namespace sentence_transformers {

class PairTokens {
 public:
  /// The prompt stands before the first text, or is the template's system message. `chat` may be
  /// null; both it and the tokenizer must outlive this.
  PairTokens(const Tokenizer& tokenizer, const ChatTemplate* chat, std::string prompt,
             int64_t max_length);

  Encoding operator()(std::string_view first, std::string_view second) const;

 private:
  const Tokenizer& tokenizer_;
  const ChatTemplate* chat_;
  std::string prompt_;
  int64_t max_length_;
  std::vector<int64_t> suffix_ = {};  // the tokens that the template ends with, whatever the texts
};

}  // namespace sentence_transformers
