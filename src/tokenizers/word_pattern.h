// The regular expressions with which GPT-2 and its successors cut a text into words, as one matcher
// over Unicode's classes that is linear in the text.
#pragma once

#include <memory>
#include <string_view>

#include "tokenizers/pattern.h"

namespace sentence_transformers {

/// What the patterns of the family leave open. Alternatives in order: an English contraction, a
/// word, digits, other characters, white space; white space before a word leaves one for it.
struct WordPatternOptions {
  bool any_case = false;   // contractions in capitals too
  bool any_lead = false;   // a word may begin with any one character, else with a space only
  int longest_number = 0;  // digits in one piece; 0: all, and a space before them
  bool line_ends = false;  // other characters take line ends along, white space ends at its last
  bool marks = false;      // combining marks belong to words
};

class WordPattern final : public Pattern {
 public:
  explicit WordPattern(const WordPatternOptions& options) : options_(options) {}

  /// Every place begins a match.
  std::optional<Match> find(std::string_view text, size_t from) const override {
    if (from >= text.size()) return std::nullopt;
    return Match{from, end_of_match(text, from)};
  }

  size_t end_of_match(std::string_view text, size_t at) const;

 private:
  WordPatternOptions options_;
};

/// GPT-2's, which the ByteLevel pre-tokenizer has built in.
inline constexpr WordPatternOptions kGpt2Pattern = {};

/// The matcher of a known regular expression, or nothing.
std::unique_ptr<Pattern> make_word_pattern(std::string_view regex);

}  // namespace sentence_transformers
