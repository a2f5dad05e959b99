// ByteLevel: visible characters back to bytes; ByteFallback: "<0xE9>" and its like back to bytes.
#include <charconv>

#include "core/utf8.h"
#include "tokenizers/byte_characters.h"
#include "tokenizers/decoders/makers.h"

namespace sentence_transformers {
namespace {

constexpr std::string_view kReplacement = "\uFFFD";

/// The text with a U+FFFD for each invalid part.
std::string valid_utf8(std::string_view bytes) {
  std::string text;
  for (size_t i = 0; i < bytes.size();) append_utf8(text, decode_utf8(bytes, i));
  return text;
}

class ByteLevel : public Decoder {
 public:
  void decode(std::vector<std::string>& tokens) const override {
    std::string bytes;
    for (const std::string& token : tokens) bytes += bytes_of_characters(token).value_or(token);
    tokens = {valid_utf8(bytes)};
  }
};

class ByteFallback : public Decoder {
 public:
  void decode(std::vector<std::string>& tokens) const override {
    std::vector<std::string> decoded;
    std::string bytes;
    for (std::string& token : tokens) {
      if (const auto byte = byte_of(token)) {
        bytes += static_cast<char>(*byte);
      } else {
        flush(bytes, decoded);
        decoded.push_back(std::move(token));
      }
    }
    flush(bytes, decoded);
    tokens = std::move(decoded);
  }

 private:
  static std::optional<uint8_t> byte_of(std::string_view token) {
    if (token.size() != 6 || !token.starts_with("<0x") || !token.ends_with('>'))
      return std::nullopt;
    uint8_t byte = 0;
    const auto [end, error] = std::from_chars(&token[3], &token[5], byte, 16);
    return error == std::errc() && end == &token[5] ? std::optional(byte) : std::nullopt;
  }

  /// A run of bytes that is no UTF-8 becomes a U+FFFD for each of them.
  static void flush(std::string& bytes, std::vector<std::string>& decoded) {
    if (bytes.empty()) return;
    std::string text = valid_utf8(bytes);
    if (text == bytes) {
      decoded.push_back(std::move(text));
    } else {
      decoded.insert(decoded.end(), bytes.size(), std::string(kReplacement));
    }
    bytes.clear();
  }
};

}  // namespace

std::unique_ptr<Decoder> make_byte_level_decoder(const Config&) {
  return std::make_unique<ByteLevel>();
}

std::unique_ptr<Decoder> make_byte_fallback_decoder(const Config&) {
  return std::make_unique<ByteFallback>();
}

}  // namespace sentence_transformers
