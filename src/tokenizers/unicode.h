// What BERT's text cleaning needs to know of each code point, as Hugging Face's tokenizers 0.23
// sees it.
#pragma once

#include <cstdint>
#include <span>

namespace sentence_transformers::unicode {

// Bits of a code point's flags. kDropped wins over kWhitespace where text is cleaned.
constexpr uint8_t kDropped = 1;      // clean_text removes it
constexpr uint8_t kWhitespace = 2;   // clean_text makes it ' ', and words end at it
constexpr uint8_t kPunctuation = 4;  // a word of its own
constexpr uint8_t kNonspacing = 8;   // strip_accents removes it, after decomposition
constexpr uint8_t kCjk = 16;         // handle_chinese_chars puts a space on either side
constexpr uint8_t kLowercase = 32;   // lowercase() knows it
constexpr uint8_t kDecomposes = 64;  // decomposition() knows it (Hangul syllables: by rule)
constexpr uint8_t kCombining = 128;  // its combining_class() is not 0

uint8_t flags(char32_t c);

/// Lowercase of a code point with the kLowercase flag: one code point or more.
std::span<const uint32_t> lowercase(char32_t c);

/// Full canonical decomposition of a code point with the kDecomposes flag.
std::span<const uint32_t> decomposition(char32_t c);

/// Canonical combining class; 0 for one without the kCombining flag.
uint8_t combining_class(char32_t c);

}  // namespace sentence_transformers::unicode
