#include "tokenizers/unicode.h"

#include <algorithm>
#include <iterator>

namespace sentence_transformers::unicode {
namespace {

#include "tokenizers/unicode_tables.inc"

/// The place of `c` in a sorted array that has it.
template <size_t N>
size_t place(const uint32_t (&sorted)[N], char32_t c) {
  return std::lower_bound(std::begin(sorted), std::end(sorted), static_cast<uint32_t>(c)) - sorted;
}

}  // namespace

uint8_t flags(char32_t c) { return kFlagsBlocks[kFlagsIndex[c >> 8]][c & 0xFF]; }

std::span<const uint32_t> lowercase(char32_t c) {
  const size_t i = place(kLowerFrom, c);
  return {kLowerPool + kLowerOffset[i], kLowerPool + kLowerOffset[i + 1]};
}

std::span<const uint32_t> decomposition(char32_t c) {
  const size_t i = place(kDecomposeFrom, c);
  return {kDecomposePool + kDecomposeOffset[i], kDecomposePool + kDecomposeOffset[i + 1]};
}

uint8_t combining_class(char32_t c) {
  return flags(c) & kCombining ? kCombiningClass[place(kCombiningFrom, c)] : 0;
}

}  // namespace sentence_transformers::unicode
