// The way back: tokens to text.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/config.h"

namespace sentence_transformers {

/// Immutable. Rewrites the tokens of a text so that they can be joined.
class Decoder {
 public:
  virtual ~Decoder() = default;
  virtual void decode(std::vector<std::string>& tokens) const = 0;
};

/// The decoder that tokenizer.json describes. Throws UnsupportedError for an unknown type.
std::unique_ptr<Decoder> make_decoder(const Config& config);

/// The text of tokens; without a decoder they stand with spaces between them.
std::string decode_tokens(const Decoder* decoder, std::vector<std::string> tokens);

/// transformers' clean_up_tokenization_spaces: no spaces before English punctuation and endings.
std::string without_extra_spaces(std::string text);

}  // namespace sentence_transformers
