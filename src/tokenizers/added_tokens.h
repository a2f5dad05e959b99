// Tokens that are found in the text as they stand, before the algorithm sees it: "[SEP]", or words
// a user added.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sentence_transformers {

struct AddedToken {
  std::string content = "";
  int64_t id = 0;
  bool special = false;     // decode can leave it out
  bool normalized = false;  // looked for in the normalized text
  bool lstrip = false;      // takes the whitespace before it along
  bool rstrip = false;      // and behind it
  bool single_word = false;
};

/// Finds added tokens, leftmost first, of several the longest, as Hugging Face's AddedVocabulary
/// does.
class AddedTokens {
 public:
  /// Tokens with empty content are left out.
  explicit AddedTokens(std::vector<AddedToken> tokens = {});
  bool empty() const { return tokens_.empty(); }

  /// Calls text(std::string_view) for each stretch between tokens and token(int64_t id) for each
  /// token, in order.
  template <class Text, class Token>
  void split(std::string_view input, Text text, Token token) const {
    size_t start = 0;
    for (Match match; find(input, start, match); start = match.end) {
      if (match.begin > start) text(input.substr(start, match.begin - start));
      token(match.id);
    }
    if (start < input.size()) text(input.substr(start));
  }

 private:
  struct Match {
    size_t begin, end;
    int64_t id;
  };
  bool find(std::string_view input, size_t start, Match& match) const;

  std::vector<AddedToken> tokens_;  // longest first
  std::array<bool, 256> first_byte_{};
};

}  // namespace sentence_transformers
