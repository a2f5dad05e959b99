// GPT-2's alphabet: a visible character for every byte, so that any text is made of 256 characters.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sentence_transformers {

/// The character of a byte: itself if it is visible in Latin-1, else one of U+0100 to U+0143.
char32_t byte_character(uint8_t byte);

/// The byte of a character, or nothing if it is not of the alphabet.
std::optional<uint8_t> byte_of_character(char32_t c);

/// Appends the characters of all bytes of a text.
void append_byte_characters(std::string_view bytes, std::string& text);

/// The bytes that a text of this alphabet stands for, or nothing if it has other characters.
std::optional<std::string> bytes_of_characters(std::string_view text);

}  // namespace sentence_transformers
