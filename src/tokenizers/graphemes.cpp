#include "tokenizers/graphemes.h"

#include <cstdint>

#include "core/utf8.h"

namespace sentence_transformers {
namespace {

#include "tokenizers/grapheme_table.inc"

/// What a code point can be to its cluster. The table has these numbers; Hangul syllables are known
/// by theirs.
enum class GraphemePart : uint8_t {
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

GraphemePart part_of(char32_t c) {
  constexpr char32_t kFirst = 0xAC00, kLast = 0xD7A3, kTrailings = 28;
  if (c >= kFirst && c <= kLast) {
    return (c - kFirst) % kTrailings == 0 ? GraphemePart::syllable : GraphemePart::closed_syllable;
  }
  return static_cast<GraphemePart>(kGraphemeBlocks[kGraphemeIndex[c >> 8]][c & 0xFF]);
}

bool extends(GraphemePart part) {
  return part == GraphemePart::extend || part == GraphemePart::conjunct ||
         part == GraphemePart::linker;
}

bool joins_hangul(GraphemePart before, GraphemePart part) {
  switch (before) {
    case GraphemePart::leading:
      return part == GraphemePart::leading || part == GraphemePart::vowel ||
             part == GraphemePart::syllable || part == GraphemePart::closed_syllable;
    case GraphemePart::vowel:
    case GraphemePart::syllable:
      return part == GraphemePart::vowel || part == GraphemePart::trailing;
    case GraphemePart::trailing:
    case GraphemePart::closed_syllable:
      return part == GraphemePart::trailing;
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
    const GraphemePart part = part_of(c);
    if (!joins(c, part)) return false;
    add(c, part);
    return true;
  }

 private:
  bool joins(char32_t c, GraphemePart part) const {
    if (last_ == U'\r' && c == U'\n') return true;
    if (before_ == GraphemePart::control || part == GraphemePart::control) return false;
    if (extends(part) || part == GraphemePart::spacing || part == GraphemePart::joiner) return true;
    if (before_ == GraphemePart::prepend || joins_hangul(before_, part)) return true;
    if (part == GraphemePart::picture) return picture_ && before_ == GraphemePart::joiner;
    return part == GraphemePart::consonant && linked_;
  }

  void add(char32_t c, GraphemePart part) {
    if (part == GraphemePart::picture) {
      picture_ = true;
    } else if (before_ == GraphemePart::joiner ||
               !(extends(part) || part == GraphemePart::joiner)) {
      picture_ = false;
    }
    if (part == GraphemePart::consonant) {
      consonant_ = true;
      linked_ = false;
    } else if (part == GraphemePart::linker) {
      linked_ = consonant_;
    } else if (part != GraphemePart::conjunct && part != GraphemePart::joiner) {
      consonant_ = linked_ = false;
    }
    before_ = part;
    last_ = c;
  }

  char32_t last_ = 0;
  GraphemePart before_ = GraphemePart::other;
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
