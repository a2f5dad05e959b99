// One tokenization algorithm: a text without special tokens to ids, and tokens back to text.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/config.h"

namespace sentence_transformers {

/// Token -> id, as a checkpoint lists them.
using Vocabulary = std::vector<std::pair<std::string, int64_t>>;

class Pipeline {
 public:
  virtual ~Pipeline() = default;
  /// Appends the ids of a text.
  virtual void encode(std::string_view text, std::vector<int64_t>& ids) const = 0;
  /// The two halves of encode, for texts in which added tokens are looked for between them.
  virtual std::string normalize(std::string_view text) const = 0;
  virtual void encode_normalized(std::string_view text, std::vector<int64_t>& ids) const = 0;
  /// The text that these tokens spell.
  virtual std::string decode(const std::vector<std::string>& tokens) const = 0;
};

}  // namespace sentence_transformers
