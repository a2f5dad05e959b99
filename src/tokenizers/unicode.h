// What tokenizers ask of each code point, as Hugging Face's tokenizers 0.23 sees it.
#pragma once

#include <cstdint>
#include <span>

namespace sentence_transformers::unicode {

// Bits of a code point's flags, which BERT's text cleaning asks for. kDropped wins over kWhitespace
// where text is cleaned.
constexpr uint8_t kDropped = 1;      // clean_text removes it
constexpr uint8_t kWhitespace = 2;   // clean_text makes it ' ', and words end at it
constexpr uint8_t kPunctuation = 4;  // a word of its own
constexpr uint8_t kNonspacing = 8;   // strip_accents removes it, after decomposition
constexpr uint8_t kCjk = 16;         // handle_chinese_chars puts a space on either side
constexpr uint8_t kLowercase = 32;   // lowercase() knows it
constexpr uint8_t kDecomposes = 64;  // decomposition() knows it (Hangul syllables: by rule)
constexpr uint8_t kCombining = 128;  // its combining_class() is not 0

uint8_t flags(char32_t c);

// Bits of a code point's kinds, which regular expressions and the other stages ask for. The
// libraries behind them know different versions of Unicode; each bit says what its user sees.
constexpr uint8_t kLetter = 1;      // \p{L}
constexpr uint8_t kNumber = 2;      // \p{N} in regular expressions
constexpr uint8_t kMark = 4;        // \p{M}
constexpr uint8_t kSpace = 8;       // \s and White_Space
constexpr uint8_t kWord = 16;       // \w of added tokens and the Whitespace pre-tokenizer
constexpr uint8_t kNumeric = 32;    // the Digits pre-tokenizer splits at it
constexpr uint8_t kAccent = 64;     // the StripAccents normalizer removes it
constexpr uint8_t kUnstable = 128;  // NFC may change it or what stands before it

uint8_t kinds(char32_t c);
inline bool is_space(char32_t c) { return kinds(c) & kSpace; }

/// Lowercase of a code point with the kLowercase flag: one code point or more.
std::span<const uint32_t> lowercase(char32_t c);

/// Full canonical decomposition of a code point with the kDecomposes flag.
std::span<const uint32_t> decomposition(char32_t c);

/// Full compatibility decomposition, or nothing where it is the canonical one.
std::span<const uint32_t> compatibility_decomposition(char32_t c);

/// What two code points compose to, or 0. Hangul too.
char32_t composition(char32_t first, char32_t second);

/// Canonical combining class; 0 for one without the kCombining flag.
uint8_t combining_class(char32_t c);

/// Calls put(char32_t) for the two or three jamo of a Hangul syllable (Unicode 3.12); false if `c`
/// is none.
template <class Put>
bool decompose_hangul(char32_t c, Put put) {
  constexpr char32_t kFirst = 0xAC00, kLast = 0xD7A3;
  if (c < kFirst || c > kLast) return false;
  const char32_t s = c - kFirst;
  put(char32_t{0x1100} + s / 588);
  put(char32_t{0x1161} + s % 588 / 28);
  if (s % 28) put(char32_t{0x11A7} + s % 28);
  return true;
}

}  // namespace sentence_transformers::unicode
