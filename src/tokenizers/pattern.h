// What Split and Replace look for in a text: a string, or one of the regular expressions that
// tokenizers are made with.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/config.h"

namespace sentence_transformers {

class Pattern {
 public:
  struct Match {
    size_t begin, end;
  };
  virtual ~Pattern() = default;

  /// The leftmost match at or behind `from`, which is never empty. `text` is valid UTF-8.
  virtual std::optional<Match> find(std::string_view text, size_t from) const = 0;

  /// `text` with every match replaced.
  std::string replace(std::string_view text, std::string_view content) const;
};

/// A "pattern" as tokenizer.json writes it: {"String": ...} or {"Regex": ...}. Throws
/// UnsupportedError for a regular expression that is not known.
std::unique_ptr<Pattern> make_pattern(const Config& stage);

/// The string itself.
std::unique_ptr<Pattern> make_literal(std::string text);

/// Of the code points that `wanted` holds for, `least` or more side by side.
class CharacterRun : public Pattern {
 public:
  using Predicate = bool (*)(char32_t);
  CharacterRun(Predicate wanted, size_t least, size_t most)
      : wanted_(wanted), least_(least), most_(most) {}
  std::optional<Match> find(std::string_view text, size_t from) const override;

 private:
  Predicate wanted_;
  size_t least_, most_;
};

}  // namespace sentence_transformers
