#include "tokenizers/byte_characters.h"

#include <array>

#include "core/utf8.h"

namespace sentence_transformers {
namespace {

constexpr char32_t kFirstMoved = 0x100;

constexpr auto kCharacters = [] {
  std::array<char32_t, 256> characters{};
  char32_t moved = kFirstMoved;
  for (char32_t byte = 0; byte < 256; ++byte) {
    const bool visible = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte != 0xAD);
    characters[byte] = visible ? byte : moved++;
  }
  return characters;
}();

/// By character: the byte, or -1.
constexpr auto kBytes = [] {
  std::array<int16_t, 0x144> bytes{};
  for (int16_t& byte : bytes) byte = -1;
  for (int16_t byte = 0; byte < 256; ++byte) bytes[kCharacters[byte]] = byte;
  return bytes;
}();

}  // namespace

char32_t byte_character(uint8_t byte) { return kCharacters[byte]; }

std::optional<uint8_t> byte_of_character(char32_t c) {
  if (c >= kBytes.size() || kBytes[c] < 0) return std::nullopt;
  return static_cast<uint8_t>(kBytes[c]);
}

void append_byte_characters(std::string_view bytes, std::string& text) {
  for (const char byte : bytes) append_utf8(text, kCharacters[static_cast<unsigned char>(byte)]);
}

std::optional<std::string> bytes_of_characters(std::string_view text) {
  std::string bytes;
  for (size_t i = 0; i < text.size();) {
    const auto byte = byte_of_character(decode_utf8(text, i));
    if (!byte) return std::nullopt;
    bytes += static_cast<char>(*byte);
  }
  return bytes;
}

}  // namespace sentence_transformers
