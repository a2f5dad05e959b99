// UTF-8 to code points and back; invalid input becomes U+FFFD and never reads past the end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sentence_transformers {

inline constexpr char32_t kReplacementCharacter = 0xFFFD;

/// decode_utf8 for a code point that is not ASCII.
char32_t decode_long_utf8(std::string_view text, size_t& position);

/// The code point at `text[position]`, moving `position` behind it. Each maximal invalid part
/// counts as one U+FFFD, as in Python's errors="replace".
inline char32_t decode_utf8(std::string_view text, size_t& position) {
  const auto first = static_cast<unsigned char>(text[position]);
  if (first >= 0x80) return decode_long_utf8(text, position);
  ++position;
  return first;
}

void append_utf8(std::string& text, char32_t code_point);

/// Number of code points, invalid parts counted once each.
size_t utf8_length(std::string_view text);

/// Is there nothing that decode_utf8 would replace?
bool is_valid_utf8(std::string_view text);

}  // namespace sentence_transformers
