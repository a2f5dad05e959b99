#include "tokenizers/graphemes.h"

#include <cstdint>

#include "core/utf8.h"

namespace sentence_transformers {
namespace {

#include "tokenizers/grapheme_table.inc"

/// What a code point can be to its cluster. The table has these numbers; Hangul syllables are known
/// by theirs.
enum class Part : uint8_t {
  other,
  control,
  extend,
  conjunct,  // extends, also between a consonant and its linker
  linker,
  spacing,
  joiner,
  prepend,
  consonant,
  picture,
  leading,
  vowel,
  trailing,
  syllable,  // that a vowel or a trailing jamo can follow
  closed_syllable
};

Part part_of(char32_t c) {
  constexpr char32_t kFirst = 0xAC00, kLast = 0xD7A3, kTrailings = 28;
  if (c >= kFirst && c <= kLast) {
    return (c - kFirst) % kTrailings == 0 ? Part::syllable : Part::closed_syllable;
  }
  return static_cast<Part>(kGraphemeBlocks[kGraphemeIndex[c >> 8]][c & 0xFF]);
}

bool extends(Part part) {
  return part == Part::extend || part == Part::conjunct || part == Part::linker;
}

bool joins_hangul(Part before, Part part) {
  switch (before) {
    case Part::leading:
      return part == Part::leading || part == Part::vowel || part == Part::syllable ||
             part == Part::closed_syllable;
    case Part::vowel:
    case Part::syllable:
      return part == Part::vowel || part == Part::trailing;
    case Part::trailing:
    case Part::closed_syllable:
      return part == Part::trailing;
    default:
      return false;
  }
}

/// A cluster on its way, code point by code point.
class Cluster {
 public:
  explicit Cluster(char32_t first) { add(first, part_of(first)); }

  /// Takes the code point in if it belongs to the cluster.
  bool take(char32_t c) {
    const Part part = part_of(c);
    if (!joins(c, part)) return false;
    add(c, part);
    return true;
  }

 private:
  bool joins(char32_t c, Part part) const {
    if (last_ == U'\r' && c == U'\n') return true;
    if (before_ == Part::control || part == Part::control) return false;
    if (extends(part) || part == Part::spacing || part == Part::joiner) return true;
    if (before_ == Part::prepend || joins_hangul(before_, part)) return true;
    if (part == Part::picture) return picture_ && before_ == Part::joiner;
    return part == Part::consonant && linked_;
  }

  void add(char32_t c, Part part) {
    if (part == Part::picture) {
      picture_ = true;
    } else if (before_ == Part::joiner || !(extends(part) || part == Part::joiner)) {
      picture_ = false;
    }
    if (part == Part::consonant) {
      consonant_ = true;
      linked_ = false;
    } else if (part == Part::linker) {
      linked_ = consonant_;
    } else if (part != Part::conjunct && part != Part::joiner) {
      consonant_ = linked_ = false;
    }
    before_ = part;
    last_ = c;
  }

  char32_t last_ = 0;
  Part before_ = Part::other;
  bool picture_ = false;  // it ends in a picture, what extends that, and perhaps one joiner
  bool consonant_ = false, linked_ = false;  // it ends in a consonant, has a linker behind that
};

}  // namespace

size_t grapheme_end(std::string_view text, size_t begin) {
  size_t end = begin;
  Cluster cluster(decode_utf8(text, end));
  for (size_t next = end; next < text.size(); end = next) {
    if (!cluster.take(decode_utf8(text, next))) break;
  }
  return end;
}

}  // namespace sentence_transformers
