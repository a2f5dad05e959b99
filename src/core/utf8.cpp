#include "core/utf8.h"

namespace sentence_transformers {

char32_t decode_long_utf8(std::string_view text, size_t& position) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(position++);
  // The second byte's range keeps out overlong forms, surrogates and values above U+10FFFF
  // (Unicode, table 3-7).
  int more;
  unsigned char low = 0x80, high = 0xBF;
  char32_t code_point;
  if (first >= 0xC2 && first <= 0xDF) {
    more = 1;
    code_point = first & 0x1F;
  } else if (first >= 0xE0 && first <= 0xEF) {
    more = 2;
    code_point = first & 0x0F;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
  } else if (first >= 0xF0 && first <= 0xF4) {
    more = 3;
    code_point = first & 0x07;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
  } else {
    return kReplacementCharacter;
  }
  for (; more > 0; --more) {
    if (position >= text.size() || byte(position) < low || byte(position) > high) {
      return kReplacementCharacter;
    }
    code_point = code_point << 6 | (byte(position++) & 0x3F);
    low = 0x80;
    high = 0xBF;
  }
  return code_point;
}

void append_utf8(std::string& text, char32_t c) {
  if (c < 0x80) {
    text += static_cast<char>(c);
  } else if (c < 0x800) {
    text += {static_cast<char>(0xC0 | c >> 6), static_cast<char>(0x80 | (c & 0x3F))};
  } else if (c < 0x10000) {
    text += {static_cast<char>(0xE0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 0x3F)),
             static_cast<char>(0x80 | (c & 0x3F))};
  } else {
    text += {static_cast<char>(0xF0 | c >> 18), static_cast<char>(0x80 | (c >> 12 & 0x3F)),
             static_cast<char>(0x80 | (c >> 6 & 0x3F)), static_cast<char>(0x80 | (c & 0x3F))};
  }
}

size_t utf8_length(std::string_view text) {
  size_t count = 0;
  for (size_t i = 0; i < text.size(); ++count) decode_utf8(text, i);
  return count;
}

bool is_valid_utf8(std::string_view text) {
  constexpr std::string_view kItself = "\uFFFD";
  for (size_t i = 0; i < text.size();) {
    if (static_cast<unsigned char>(text[i]) < 0x80) {
      ++i;
      continue;
    }
    const size_t begin = i;
    if (decode_utf8(text, i) == kReplacementCharacter && text.substr(begin, i - begin) != kItself) {
      return false;
    }
  }
  return true;
}

}  // namespace sentence_transformers
