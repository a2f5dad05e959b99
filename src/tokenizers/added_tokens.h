// Tokens that are found in the text as they stand, before the stages see it: "[SEP]", or words that
// a user added.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizers/stretch.h"

namespace sentence_transformers {

struct AddedToken {
  std::string content = "";
  int64_t id = 0;
  bool special = false;     // decode can leave it out
  bool normalized = false;  // looked for in the normalized text
  bool lstrip = false;      // takes the whitespace before it along
  bool rstrip = false;      // and behind it
  bool single_word = false;
  bool ignored = false;  // is passed over where it is found, with the tokens inside it
};

/// Finds added tokens, leftmost first, of several the longest, as Hugging Face's AddedVocabulary
/// does. Time is that of the text times at most the longest token, however many there are.
class AddedTokens {
 public:
  /// Tokens with empty content are left out. Of equal ones the first counts.
  explicit AddedTokens(std::vector<AddedToken> tokens = {});
  bool empty() const { return tokens_.empty(); }

  /// Calls text(Stretch) for each stretch between tokens and token(int64_t id) for each token, in
  /// order.
  template <class Text, class Token>
  void split(Stretch input, Text text, Token token) const {
    size_t from = 0, done = 0;
    for (Match match; find(input.text, from, done, match); from = match.next, done = match.end) {
      if (match.begin > done) text(input.part(done, match.begin));
      if (match.begin < match.end) token(match.id);  // else an earlier one took all of it along
    }
    if (done != input.text.size()) text(input.part(done, input.text.size()));
  }

 private:
  struct Match {
    size_t begin, end;  // with the white space that it takes along
    size_t next;        // where the search goes on, which may be inside that white space
    int64_t id;
  };
  /// An edge of the trie of all contents. Nodes are numbers; the root is 0.
  struct Edge {
    uint64_t from_and_byte = 0;
    uint32_t to = 0;
  };

  bool find(std::string_view input, size_t from, size_t done, Match& match) const;
  /// The longest token with which `text` begins, or null.
  const AddedToken* longest_at(std::string_view text) const;
  uint32_t child(uint32_t node, unsigned char byte) const;
  size_t slot_of(uint64_t from_and_byte) const;
  uint32_t add_child(uint32_t node, unsigned char byte);

  std::vector<AddedToken> tokens_;
  std::array<uint32_t, 256> first_{};  // the root's children
  std::vector<Edge> edges_;            // of all others: open addressing, at most half full
  std::vector<uint32_t> token_at_;     // by node: 1 + place of the token that ends there
};

}  // namespace sentence_transformers
