// Lowercase: each code point by itself, without a rule for words or languages.
#include "tokenizers/normalizers/character_map.h"
#include "tokenizers/normalizers/makers.h"
#include "tokenizers/unicode.h"

namespace sentence_transformers {
namespace {

struct Lower {
  static bool changes(char32_t c) { return unicode::flags(c) & unicode::kLowercase; }
  static void put(char32_t c, std::string& text) {
    if (c < 0x80) return append_utf8(text, c + U'a' - U'A');
    for (const uint32_t part : unicode::lowercase(c)) append_utf8(text, part);
  }
};

}  // namespace

std::unique_ptr<Normalizer> make_lowercase(const Config&) {
  return std::make_unique<CharacterMap<Lower>>();
}

}  // namespace sentence_transformers
