#include "tokenizers/word_pattern.h"

#include <array>

#include "core/utf8.h"
#include "tokenizers/unicode.h"

namespace sentence_transformers {
namespace {

constexpr uint8_t kLetter = unicode::kLetter, kNumber = unicode::kNumber, kMark = unicode::kMark,
                  kSpace = unicode::kSpace;

constexpr auto kAsciiKinds = [] {
  std::array<uint8_t, 128> kinds{};
  for (int c = 0; c < 128; ++c) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) kinds[c] = kLetter;
    if (c >= '0' && c <= '9') kinds[c] = kNumber;
    if (c == ' ' || (c >= '\t' && c <= '\r')) kinds[c] = kSpace;
  }
  return kinds;
}();

/// The kinds of the code point at `at`, which moves behind it.
uint8_t kinds_at(std::string_view text, size_t& at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte < 0x80) return ++at, kAsciiKinds[byte];
  return unicode::kinds(decode_utf8(text, at));
}

/// The end of the run, from `at` on, of code points of any of `wanted` kinds.
size_t run_of(std::string_view text, size_t at, uint8_t wanted) {
  for (size_t next = at; next < text.size(); at = next) {
    if (!(kinds_at(text, next) & wanted)) break;
  }
  return at;
}

/// The end of the run, from `at` on, of code points of none of `excluded` kinds.
size_t run_without(std::string_view text, size_t at, uint8_t excluded) {
  for (size_t next = at; next < text.size(); at = next) {
    if (kinds_at(text, next) & excluded) break;
  }
  return at;
}

bool is_line_end(char c) { return c == '\n' || c == '\r'; }

/// Length of the 's, 't, 're, 've, 'm, 'll or 'd with which the text begins, or 0.
size_t contraction(std::string_view text, bool any_case) {
  if (any_case && text.substr(1).starts_with("\u017f")) return 3;  // the long s is an s
  const auto letter = [&](size_t i) -> char {
    if (i >= text.size()) return 0;
    const char c = text[i];
    return any_case && c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  };
  const char first = letter(1), second = letter(2);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return 2;
  if ((first == 'r' || first == 'v') && second == 'e') return 3;
  return first == 'l' && second == 'l' ? 3 : 0;
}

struct KnownPattern {
  std::string_view regex;
  WordPatternOptions options;
};

constexpr WordPatternOptions kLlama3 = {
    .any_case = true, .any_lead = true, .longest_number = 3, .line_ends = true};

constexpr KnownPattern kKnownPatterns[] = {
    {R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)", kGpt2Pattern},
    {R"('(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)", kGpt2Pattern},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     {.any_case = true, .any_lead = true, .longest_number = 1, .line_ends = true}},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     {.any_case = true, .any_lead = true, .longest_number = 1, .line_ends = true, .marks = true}},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     kLlama3},
    {R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+)",
     kLlama3},
};

}  // namespace

size_t WordPattern::end_of_match(std::string_view text, size_t at) const {
  const uint8_t word = options_.marks ? kLetter | kMark : kLetter;
  size_t next = at;  // behind the first code point
  const char first = text[at];
  if (first == '\'') {
    if (const size_t size = contraction(text.substr(at), options_.any_case)) return at + size;
  }
  const uint8_t kinds = kinds_at(text, next);
  // Marks can lead a word where marks are no letters to it, and a word can begin with one where
  // they are.
  if (kinds & word) return run_of(text, next, word);
  const bool leads =
      first == ' ' || (options_.any_lead && !(kinds & kNumber) && !is_line_end(first));
  size_t behind = next;
  const uint8_t second = leads && next < text.size() ? kinds_at(text, behind) : 0;
  if (second & word) return run_of(text, behind, word);
  if (kinds & kNumber || (first == ' ' && second & kNumber && options_.longest_number == 0)) {
    if (options_.longest_number == 0) return run_of(text, next, kNumber);
    for (int i = 1; i < options_.longest_number && next < text.size(); ++i) {
      size_t more = next;
      if (!(kinds_at(text, more) & kNumber)) break;
      next = more;
    }
    return next;
  }
  const uint8_t not_other = kSpace | kNumber | word;
  const bool other_follows = first == ' ' && next < text.size() && !(second & not_other);
  if (!(kinds & not_other) || other_follows) {
    size_t end = run_without(text, next, not_other);
    while (options_.line_ends && end < text.size() && is_line_end(text[end])) ++end;
    return end;
  }
  const size_t end = run_of(text, next, kSpace);
  if (options_.line_ends) {
    for (size_t i = end; i > at; --i) {
      if (is_line_end(text[i - 1])) return i;
    }
  }
  if (end == text.size() || end == next) return end;
  size_t last = end - 1;  // the space before what follows stays for it
  while ((text[last] & 0xC0) == 0x80) --last;
  return last;
}

std::unique_ptr<Pattern> make_word_pattern(std::string_view regex) {
  for (const KnownPattern& known : kKnownPatterns) {
    if (known.regex == regex) return std::make_unique<WordPattern>(known.options);
  }
  return nullptr;
}

}  // namespace sentence_transformers
