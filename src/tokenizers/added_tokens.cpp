#include "tokenizers/added_tokens.h"

#include <algorithm>

#include "core/utf8.h"
#include "tokenizers/unicode.h"

namespace sentence_transformers {
namespace {

/// Where the code point before `end` begins.
size_t previous(std::string_view text, size_t end) {
  do {
    --end;
  } while (end > 0 && (text[end] & 0xC0) == 0x80);
  return end;
}

char32_t code_point_at(std::string_view text, size_t at) { return decode_utf8(text, at); }

bool is_space(char32_t c) { return unicode::flags(c) & unicode::kWhitespace; }

/// Near enough to Unicode's \w: everything that is neither space nor punctuation nor dropped, and
/// the underscore.
bool is_word(char32_t c) {
  constexpr auto kOther = unicode::kWhitespace | unicode::kPunctuation | unicode::kDropped;
  return c == U'_' || !(unicode::flags(c) & kOther);
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)) {
  std::erase_if(tokens_, [](const AddedToken& t) { return t.content.empty(); });
  std::stable_sort(tokens_.begin(), tokens_.end(), [](const AddedToken& a, const AddedToken& b) {
    return a.content.size() > b.content.size();
  });
  for (const AddedToken& t : tokens_) first_byte_[static_cast<unsigned char>(t.content[0])] = true;
}

bool AddedTokens::find(std::string_view input, size_t start, Match& match) const {
  for (size_t i = start; i < input.size(); ++i) {
    if (!first_byte_[static_cast<unsigned char>(input[i])]) continue;
    for (const AddedToken& token : tokens_) {
      if (!input.substr(i).starts_with(token.content)) continue;
      size_t begin = i, end = i + token.content.size();
      if (token.single_word &&
          ((begin > 0 && is_word(code_point_at(input, previous(input, begin)))) ||
           (end < input.size() && is_word(code_point_at(input, end))))) {
        i = end - 1;  // it hides the tokens inside it
        break;
      }
      while (token.lstrip && begin > start &&
             is_space(code_point_at(input, previous(input, begin)))) {
        begin = previous(input, begin);
      }
      while (token.rstrip && end < input.size() && is_space(code_point_at(input, end))) {
        decode_utf8(input, end);
      }
      match = {begin, end, token.id};
      return true;
    }
  }
  return false;
}

}  // namespace sentence_transformers
