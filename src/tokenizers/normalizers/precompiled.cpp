// Precompiled: sentencepiece's character map (its normalizer_spec), as Hugging Face applies it.
#include <sentence_transformers/error.h>

#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>

#include "core/utf8.h"
#include "tokenizers/base64.h"
#include "tokenizers/graphemes.h"
#include "tokenizers/normalizers/makers.h"

namespace sentence_transformers {
namespace {

/// A double array of Darts-clone from character sequences to places in a blob of texts, each of
/// which a NUL ends.
class CharacterTrie {
 public:
  /// Throws LoadError of `name` for bytes that are no map.
  CharacterTrie(std::string_view bytes, const std::string& name) {
    const auto fail = [&](const char* what) {
      throw LoadError("[Tokenizer] " + name + ": " + what);
    };
    uint32_t size = 0;
    if (bytes.size() < sizeof size) fail("too short for a character map");
    size = little_endian(bytes.data());
    bytes.remove_prefix(sizeof size);
    if (size == 0 || size % sizeof size != 0 || size > bytes.size()) {
      fail("the character map's size does not fit");
    }
    for (uint32_t i = 0; i < size; i += sizeof size) {
      units_.push_back(little_endian(bytes.data() + i));
    }
    texts_ = bytes.substr(size);
    if (!texts_.ends_with('\0')) fail("the character map's texts have no end");
    if (!is_valid_utf8(texts_)) fail("the character map's texts are no UTF-8");
  }

  /// What the shortest key that `text` begins with becomes; false if there is none.
  bool find(std::string_view text, std::string_view& found) const {
    size_t place = offset(units_[0]);
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      place ^= byte;
      if (byte == 0 || place >= units_.size()) return false;
      const uint32_t unit = units_[place];
      if ((unit & kLabel) != byte) return false;
      place ^= offset(unit);
      if (!(unit & kHasLeaf)) continue;
      const size_t begin = place < units_.size() ? units_[place] & kValue : texts_.size();
      if (begin >= texts_.size() || is_inside_character(texts_[begin])) return false;
      found = texts_.c_str() + begin;
      return true;
    }
    return false;
  }

 private:
  // Bits of a unit.
  static constexpr uint32_t kLabel = 0x800000FF, kHasLeaf = 0x100, kValue = 0x7FFFFFFF;

  static bool is_inside_character(char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
  }

  static size_t offset(uint32_t unit) { return size_t{unit >> 10} << ((unit & 0x200) >> 6); }

  static uint32_t little_endian(const char* bytes) {
    uint32_t value;
    std::memcpy(&value, bytes, sizeof value);
    if constexpr (std::endian::native == std::endian::big) value = __builtin_bswap32(value);
    return value;
  }

  std::vector<uint32_t> units_;
  std::string texts_;
};

class Precompiled : public Normalizer {
 public:
  explicit Precompiled(CharacterTrie map) : map_(std::move(map)) {
    for (int c = 0; c < 128; ++c) {
      const char character = static_cast<char>(c);
      std::string_view found;
      keeps_[c] = !map_.find({&character, 1}, found) || found == std::string_view(&character, 1);
    }
  }

  // What is removed or replaced at the start still counts as the text's start there.
  void normalize(NormalizedText& text) const override {
    const std::string_view view = text.view();
    const size_t first = kept_end(view, 0);
    if (first == view.size()) return;
    std::string changed(view.substr(0, first));
    changed.reserve(view.size() + view.size() / 8);
    for (size_t i = first; i < view.size();) {
      const size_t end = grapheme_end(view, i);
      put_cluster(view.substr(i, end - i), changed);
      i = kept_end(view, end);
      changed += view.substr(end, i - end);
    }
    text.replace(std::move(changed));
  }

 private:
  /// Behind the ASCII characters from `begin` on that stay and are clusters of their own.
  size_t kept_end(std::string_view text, size_t begin) const {
    size_t i = begin;
    while (i < text.size() && is_ascii(text[i]) && keeps_[static_cast<unsigned char>(text[i])]) ++i;
    // What follows may belong to the last one's cluster.
    if (i > begin && i < text.size()) --i;
    return i;
  }
  static bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

  void put_cluster(std::string_view cluster, std::string& text) const {
    constexpr size_t kLongest = 5;  // of those that are looked up as a whole, in bytes
    std::string_view found;
    if (cluster.size() <= kLongest && map_.find(cluster, found)) {
      text += found;  // the rest of the cluster is lost
      return;
    }
    for (size_t i = 0; i < cluster.size();) {
      const size_t begin = i;
      decode_utf8(cluster, i);
      const std::string_view character = cluster.substr(begin, i - begin);
      text += map_.find(character, found) ? found : character;
    }
  }

  CharacterTrie map_;
  bool keeps_[128];
};

/// tokenizer.json has base64; other files give the bytes.
std::string read_map(const Config& config) {
  constexpr const char* kKey = "precompiled_charsmap";
  if (config.has(kKey) && config.json()[kKey].is_binary()) {
    const auto& bytes = config.json()[kKey].get_binary();
    return {bytes.begin(), bytes.end()};
  }
  if (auto bytes = from_base64(config.require<std::string>(kKey))) return *std::move(bytes);
  throw LoadError("[Tokenizer] " + config.name(kKey) + ": expected base64");
}

}  // namespace

std::unique_ptr<Normalizer> make_precompiled(const Config& config) {
  return std::make_unique<Precompiled>(
      CharacterTrie(read_map(config), config.name("precompiled_charsmap")));
}

}  // namespace sentence_transformers
