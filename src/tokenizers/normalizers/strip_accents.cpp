// StripAccents: removes combining marks, but decomposes nothing.
#include "tokenizers/normalizers/character_map.h"
#include "tokenizers/normalizers/makers.h"
#include "tokenizers/unicode.h"

namespace sentence_transformers {
namespace {

struct NoAccents {
  static bool changes(char32_t c) { return unicode::kinds(c) & unicode::kAccent; }
  static void put(char32_t, std::string&) {}
};

}  // namespace

std::unique_ptr<Normalizer> make_strip_accents(const Config&) {
  return std::make_unique<CharacterMap<NoAccents>>();
}

}  // namespace sentence_transformers
