// Nmt: removes control characters and makes what looks like white space a plain space.
#include "tokenizers/normalizers/character_map.h"
#include "tokenizers/normalizers/makers.h"

namespace sentence_transformers {
namespace {

struct Nmt {
  static bool removes(char32_t c) {
    return (c >= 0x1 && c <= 0x8) || c == 0xB || (c >= 0xE && c <= 0x1F) || c == 0x7F ||
           c == 0x8F || c == 0x9F;
  }
  static bool changes(char32_t c) {
    return removes(c) || c == 0x9 || c == 0xA || c == 0xC || c == 0xD || c == 0x1680 ||
           (c >= 0x200B && c <= 0x200F) || c == 0x2028 || c == 0x2029 || c == 0x2581 ||
           c == 0xFEFF || c == 0xFFFD;
  }
  static void put(char32_t c, std::string& text) {
    if (!removes(c)) text += ' ';
  }
};

}  // namespace

std::unique_ptr<Normalizer> make_nmt(const Config&) {
  return std::make_unique<CharacterMap<Nmt>>();
}

}  // namespace sentence_transformers
