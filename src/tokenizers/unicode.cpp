#include "tokenizers/unicode.h"

#include <algorithm>
#include <iterator>

namespace sentence_transformers::unicode {
namespace {

#include "tokenizers/unicode_tables.inc"

/// The place of `key` in a sorted array, or where it would be.
template <class T, size_t N>
size_t place(const T (&sorted)[N], T key) {
  return std::lower_bound(std::begin(sorted), std::end(sorted), key) - sorted;
}

/// The composition of a leading and a vowel jamo, or of such a syllable and a trailing jamo
/// (Unicode 3.12).
char32_t compose_hangul(char32_t first, char32_t second) {
  constexpr char32_t kSyllables = 0xAC00, kLeading = 0x1100, kVowel = 0x1161, kTrailing = 0x11A7;
  constexpr char32_t kVowels = 21, kTrailings = 28, kCount = 11172;
  if (first >= kLeading && first < kLeading + 19 && second >= kVowel && second < kVowel + kVowels) {
    return kSyllables + ((first - kLeading) * kVowels + second - kVowel) * kTrailings;
  }
  const bool open =
      first >= kSyllables && first < kSyllables + kCount && (first - kSyllables) % kTrailings == 0;
  if (open && second > kTrailing && second < kTrailing + kTrailings) {
    return first + second - kTrailing;
  }
  return 0;
}

}  // namespace

uint8_t flags(char32_t c) { return kFlagsBlocks[kFlagsIndex[c >> 8]][c & 0xFF]; }

uint8_t kinds(char32_t c) { return kKindsBlocks[kKindsIndex[c >> 8]][c & 0xFF]; }

std::span<const uint32_t> lowercase(char32_t c) {
  const size_t i = place(kLowerFrom, uint32_t{c});
  return {kLowerPool + kLowerOffset[i], kLowerPool + kLowerOffset[i + 1]};
}

std::span<const uint32_t> decomposition(char32_t c) {
  const size_t i = place(kDecomposeFrom, uint32_t{c});
  return {kDecomposePool + kDecomposeOffset[i], kDecomposePool + kDecomposeOffset[i + 1]};
}

std::span<const uint32_t> compatibility_decomposition(char32_t c) {
  const size_t i = place(kCompatibilityFrom, uint32_t{c});
  if (i == std::size(kCompatibilityFrom) || kCompatibilityFrom[i] != c) return {};
  return {kCompatibilityPool + kCompatibilityOffset[i],
          kCompatibilityPool + kCompatibilityOffset[i + 1]};
}

char32_t composition(char32_t first, char32_t second) {
  if (const char32_t syllable = compose_hangul(first, second)) return syllable;
  const uint64_t pair = uint64_t{first} << 32 | second;
  const size_t i = place(kComposePair, pair);
  return i < std::size(kComposePair) && kComposePair[i] == pair ? kComposeTo[i] : 0;
}

uint8_t combining_class(char32_t c) {
  return flags(c) & kCombining ? kCombiningClass[place(kCombiningFrom, uint32_t{c})] : 0;
}

}  // namespace sentence_transformers::unicode
