#include "tokenizers/wordpiece.h"

namespace sentence_transformers {
namespace {

/// A hash of a string's bytes that gives the hash of every part of it in constant time: h("ab") =
/// h("a") * kBase + 'b' + 1.
constexpr uint64_t kBase = 0x9E3779B97F4A7C15;

uint64_t hash_bytes(std::string_view bytes) {
  uint64_t h = 0;
  for (const char c : bytes) h = h * kBase + static_cast<unsigned char>(c) + 1;
  return h;
}

/// Pieces by the hash of their bytes: open addressing, at most half full.
class PieceTable {
 public:
  /// Of a repeated piece the last id counts.
  void build(const std::vector<std::pair<std::string_view, int64_t>>& pieces) {
    size_t size = 16;
    while (size < pieces.size() * 2) size *= 2;
    slots_.assign(size, Slot{0, 0, 0, -1});
    for (const auto& [bytes, id] : pieces) {
      const uint64_t hash = hash_bytes(bytes);
      size_t i = index(hash);
      while (slots_[i].id >= 0 && !is(slots_[i], bytes, hash)) i = (i + 1) & (size - 1);
      slots_[i] = {hash, static_cast<uint32_t>(blob_.size()), static_cast<uint32_t>(bytes.size()),
                   static_cast<int32_t>(id)};
      blob_ += bytes;
      longest_ = std::max(longest_, bytes.size());
    }
  }

  int32_t find(std::string_view bytes, uint64_t hash) const {
    for (size_t i = index(hash);; i = (i + 1) & (slots_.size() - 1)) {
      const Slot& slot = slots_[i];
      if (slot.id < 0) return -1;
      if (is(slot, bytes, hash)) return slot.id;
    }
  }

  size_t longest() const { return longest_; }

 private:
  struct Slot {
    uint64_t hash;
    uint32_t offset, size;
    int32_t id;
  };
  bool is(const Slot& slot, std::string_view bytes, uint64_t hash) const {
    return slot.hash == hash && bytes == std::string_view(blob_).substr(slot.offset, slot.size);
  }
  size_t index(uint64_t hash) const { return (hash ^ hash >> 29) & (slots_.size() - 1); }

  std::vector<Slot> slots_;
  std::string blob_;
  size_t longest_ = 0;
};

class WordPiece : public Pipeline {
 public:
  WordPiece(const WordPieceOptions& options, const Vocabulary& vocabulary) : options_(options) {
    const std::string& prefix = options.continuing_subword_prefix;
    std::vector<std::pair<std::string_view, int64_t>> first, next;
    for (const auto& [token, id] : vocabulary) {
      if (token.empty()) continue;
      first.emplace_back(token, id);
      if (token.starts_with(prefix) && token.size() > prefix.size()) {
        next.emplace_back(std::string_view(token).substr(prefix.size()), id);
      }
    }
    first_.build(first);
    next_.build(next);
    powers_.resize(std::max(first_.longest(), next_.longest()) + 1);
    powers_[0] = 1;
    for (size_t i = 1; i < powers_.size(); ++i) powers_[i] = powers_[i - 1] * kBase;
  }

 private:
  /// What to do with each word of one text.
  auto piecewise(std::vector<int64_t>& ids) const {
    return [this, &ids, hashes = std::vector<uint64_t>()](std::string_view word,
                                                          size_t characters) mutable {
      if (characters > static_cast<size_t>(options_.max_input_chars_per_word)) {
        ids.push_back(options_.unk_id);
      } else {
        pieces(word, hashes, ids);
      }
    };
  }

 public:
  void encode(std::string_view text, std::vector<int64_t>& ids) const override {
    BertWords words(piecewise(ids));
    BertNormalizer(options_.text, [&](char32_t c) { words.put(c); }).normalize(text);
    words.finish();
  }

  std::string normalize(std::string_view text) const override {
    std::string normalized;
    BertNormalizer(options_.text, [&](char32_t c) { append_utf8(normalized, c); }).normalize(text);
    return normalized;
  }

  void encode_normalized(std::string_view text, std::vector<int64_t>& ids) const override {
    BertWords words(piecewise(ids));
    for (size_t i = 0; i < text.size();) words.put(decode_utf8(text, i));
    words.finish();
  }

  /// As tokenizers' WordPiece decoder, which tidies the spaces before English punctuation token by
  /// token.
  std::string decode(const std::vector<std::string>& tokens) const override {
    const std::string& prefix = options_.continuing_subword_prefix;
    std::string text;
    for (size_t i = 0; i < tokens.size(); ++i) {
      const bool continues = i > 0 && tokens[i].starts_with(prefix);
      std::string piece = continues ? tokens[i].substr(prefix.size()) : tokens[i];
      if (i > 0 && !continues) piece.insert(0, 1, ' ');
      text += options_.clean_up_when_decoding ? tidy(std::move(piece)) : piece;
    }
    return text;
  }

 private:
  static std::string tidy(std::string piece) {
    static constexpr std::pair<std::string_view, std::string_view> kReplacements[] = {
        {" .", "."},   {" ?", "?"},     {" !", "!"},    {" ,", ","},
        {" ' ", "'"},  {" n't", "n't"}, {" 'm", "'m"},  {" do not", " don't"},
        {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
    for (const auto& [from, to] : kReplacements) {
      for (size_t at = 0; (at = piece.find(from, at)) != piece.npos; at += to.size()) {
        piece.replace(at, from.size(), to);
      }
    }
    return piece;
  }

  void pieces(std::string_view word, std::vector<uint64_t>& prefix_hashes,
              std::vector<int64_t>& ids) const {
    prefix_hashes.resize(word.size() + 1);
    uint64_t h = 0;
    for (size_t i = 0; i < word.size(); ++i) {
      h = h * kBase + static_cast<unsigned char>(word[i]) + 1;
      prefix_hashes[i + 1] = h;
    }
    const size_t before = ids.size();
    for (size_t start = 0; start < word.size();) {
      const PieceTable& table = start == 0 ? first_ : next_;
      size_t size = std::min(word.size() - start, table.longest());
      int32_t id = -1;
      for (; size > 0; --size) {
        const uint64_t hash = prefix_hashes[start + size] - prefix_hashes[start] * powers_[size];
        id = table.find(word.substr(start, size), hash);
        if (id >= 0) break;
      }
      if (id < 0) {
        ids.resize(before);
        ids.push_back(options_.unk_id);
        return;
      }
      ids.push_back(id);
      start += size;
    }
  }

  WordPieceOptions options_;
  PieceTable first_, next_;  // of a word's beginning, of what follows
  std::vector<uint64_t> powers_;
};

}  // namespace

std::unique_ptr<Pipeline> make_wordpiece(const WordPieceOptions& options,
                                         const Vocabulary& vocabulary) {
  return std::make_unique<WordPiece>(options, vocabulary);
}

}  // namespace sentence_transformers
