#include "tokenizers/sentencepiece_file.h"

#include <sentence_transformers/error.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/files.h"
#include "core/utf8.h"

namespace sentence_transformers {
namespace {

/// A protobuf message, field by field.
class Message {
 public:
  Message(std::string_view bytes, const std::filesystem::path& file) : rest_(bytes), file_(file) {}

  struct Field {
    uint64_t number = 0;
    uint64_t value = 0;      // of a varint or a fixed number
    std::string_view bytes;  // of a text or a message
    enum Type { varint = 0, fixed64 = 1, bytes_of = 2, fixed32 = 5 } type = varint;
  };

  /// The next field, or nothing at the end.
  std::optional<Field> next() {
    if (rest_.empty()) return std::nullopt;
    const uint64_t tag = varint();
    Field field;
    field.number = tag >> 3;
    switch (tag & 7) {
      case Field::varint:
        field.value = varint();
        break;
      case Field::fixed64:
        field.value = fixed(8);
        break;
      case Field::bytes_of:
        field.bytes = take(varint());
        break;
      case Field::fixed32:
        field.value = fixed(4);
        break;
      default:
        fail();
    }
    field.type = static_cast<Field::Type>(tag & 7);
    return field;
  }

  [[noreturn]] void fail() const {
    throw LoadError("[Tokenizer] " + file_.string() + ": expected a sentencepiece model");
  }

 private:
  std::string_view take(uint64_t size) {
    if (size > rest_.size()) fail();
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  uint64_t varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1).front());
      value |= uint64_t{byte & 0x7Fu} << shift;
      if (byte < 0x80) return value;
    }
    fail();
  }

  /// Lowest byte first.
  uint64_t fixed(int size) {
    const std::string_view bytes = take(size);
    uint64_t value = 0;
    for (int i = size; i > 0; --i) value = value << 8 | static_cast<unsigned char>(bytes[i - 1]);
    return value;
  }

  std::string_view rest_;
  const std::filesystem::path& file_;
};

using Field = Message::Field;

/// The numbers are those of sentencepiece_model.proto.
SentencePiece read_piece(Message message) {
  SentencePiece piece;
  while (const auto field = message.next()) {
    if (field->number == 1 && field->type == Field::bytes_of) piece.text = field->bytes;
    if (field->number == 2 && field->type == Field::fixed32) {
      piece.score = std::bit_cast<float>(static_cast<uint32_t>(field->value));
    }
    if (field->number == 3 && field->type == Field::varint) {
      piece.type = static_cast<int>(field->value);
    }
  }
  if (!is_valid_utf8(piece.text) || !std::isfinite(piece.score)) message.fail();
  return piece;
}

std::string read_character_map(Message normalizer) {
  std::string map;
  while (const auto field = normalizer.next()) {
    if (field->number == 2 && field->type == Field::bytes_of) map = field->bytes;
  }
  return map;
}

}  // namespace

SentencePieceFile read_sentencepiece_file(const std::filesystem::path& path) {
  const std::string bytes = read_file(path);
  SentencePieceFile file;
  Message model(bytes, path);
  while (const auto field = model.next()) {
    if (field->type != Field::bytes_of) continue;
    if (field->number == 1) file.pieces.push_back(read_piece({field->bytes, path}));
    if (field->number == 3) file.character_map = read_character_map({field->bytes, path});
  }
  if (file.pieces.empty()) model.fail();
  return file;
}

}  // namespace sentence_transformers
