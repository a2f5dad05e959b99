#include "tokenizers/words/python_text.h"

#include "core/utf8.h"
#include "tokenizers/unicode.h"

namespace sentence_transformers::python {
namespace {

constexpr char32_t kCapitalSigma = 0x3A3, kSigma = 0x3C3, kFinalSigma = 0x3C2;

/// What stands inside a word without being a letter of it: Unicode's Case_Ignorable, of which those
/// characters count that words have.
bool is_case_ignorable(char32_t c) {
  constexpr std::u32string_view kInWords = U"'.:^`\u00A8\u00AD\u00B7\u2018\u2019";
  return unicode::kinds(c) & unicode::kMark || kInWords.find(c) != kInWords.npos;
}

bool is_letter(char32_t c) { return unicode::kinds(c) & unicode::kLetter; }

/// Does a sigma at `at` end a word of more than itself?
bool ends_word(const std::u32string& text, size_t at) {
  size_t before = at;
  while (before > 0 && is_case_ignorable(text[before - 1])) --before;
  if (before == 0 || !is_letter(text[before - 1])) return false;
  size_t behind = at + 1;
  while (behind < text.size() && is_case_ignorable(text[behind])) ++behind;
  return behind == text.size() || !is_letter(text[behind]);
}

bool is_ascii_punctuation(char c) {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
         (c >= '{' && c <= '~');
}

}  // namespace

bool is_space(char32_t c) {
  // Python counts the four separators of ASCII, which Unicode's White_Space lacks.
  return (c >= 0x1C && c <= 0x1F) || unicode::kinds(c) & unicode::kSpace;
}

bool is_word(char32_t c) {
  return c == U'_' || unicode::kinds(c) & (unicode::kLetter | unicode::kNumber | unicode::kNumeric);
}

bool is_digit(char32_t c) {
  if (c < 0x80) return c >= U'0' && c <= U'9';
  // Superscripts, fractions and circled numbers are numbers, but no decimal digits.
  const bool other_numbers = c < 0x660 || (c >= 0x2070 && c < 0xA620);
  return !other_numbers && unicode::kinds(c) & unicode::kNumber;
}

std::string lower(std::string_view text) {
  std::u32string letters;
  for (size_t at = 0; at < text.size();) letters += decode_utf8(text, at);
  std::string result;
  for (size_t i = 0; i < letters.size(); ++i) {
    const char32_t c = letters[i];
    if (c == kCapitalSigma) {
      append_utf8(result, ends_word(letters, i) ? kFinalSigma : kSigma);
    } else if (c < 0x80) {
      append_utf8(result, c >= U'A' && c <= U'Z' ? c + U'a' - U'A' : c);
    } else if (unicode::flags(c) & unicode::kLowercase) {
      for (const uint32_t part : unicode::lowercase(c)) append_utf8(result, part);
    } else {
      append_utf8(result, c);
    }
  }
  return result;
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  size_t begin = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t here = at;
    if (!is_space(decode_utf8(text, at))) continue;
    if (here > begin) parts.push_back(text.substr(begin, here - begin));
    begin = at;
  }
  if (begin < text.size()) parts.push_back(text.substr(begin));
  return parts;
}

std::string_view strip_punctuation(std::string_view text) {
  while (!text.empty() && is_ascii_punctuation(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_ascii_punctuation(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace sentence_transformers::python
