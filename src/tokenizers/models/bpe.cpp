// Byte-pair encoding (Sennrich et al., 2016): characters or bytes, merged pair by pair.
#include <sentence_transformers/error.h>

#include <atomic>

#include "core/quoted.h"
#include "core/utf8.h"
#include "tokenizers/byte_characters.h"
#include "tokenizers/models/makers.h"
#include "tokenizers/models/merge_table.h"
#include "tokenizers/models/piece_table.h"

namespace sentence_transformers {
namespace {

struct BpeOptions {
  std::string prefix, suffix;  // of every character but the first, of the last one
  bool fuse_unk, byte_fallback, ignore_merges;
};

BpeOptions read_options(const Config& config) {
  if (config.get<double>("dropout", 0) != 0) {
    throw UnsupportedError("[Tokenizer] " + config.name("dropout") +
                           " is not 0; the same text would give other ids each time");
  }
  return {.prefix = config.get<std::string>("continuing_subword_prefix", ""),
          .suffix = config.get<std::string>("end_of_word_suffix", ""),
          .fuse_unk = config.get<bool>("fuse_unk", false),
          .byte_fallback = config.get<bool>("byte_fallback", false),
          .ignore_merges = config.get<bool>("ignore_merges", false)};
}

class Bpe : public Model {
 public:
  explicit Bpe(const ModelParts& parts) : options_(read_options(parts.config)) {
    const auto find = [&](std::string_view token) {
      const auto found = parts.index.find(token);
      return found == parts.index.end() ? -1 : static_cast<int32_t>(found->second);
    };
    if (const auto unk = parts.config.find<std::string>("unk_token")) {
      unk_id_ = static_cast<int32_t>(require_token(parts, *unk, "unk_token"));
    }
    read_merges(parts, find);
    choose_bytes(parts.byte_level, find);
    build_tokens(parts.vocabulary);
  }

  bool takes_bytes() const override { return takes_bytes_; }

  void tokenize(std::string_view piece, std::vector<int64_t>& ids) const override {
    const int32_t token = tokens_.find(piece);
    if (token >= 0) {
      // Nearly every token is what its own text gives. That is found out when it first occurs.
      const Whole whole = whole_[token].load(std::memory_order_relaxed);
      if (options_.ignore_merges || whole == Whole::yes) return ids.push_back(token);
      if (whole == Whole::unknown) return try_whole(piece, token, ids);
    }
    merge(piece, ids);
  }

 private:
  enum class Whole : uint8_t { unknown, yes, no };

  template <class Find>
  void read_merges(const ModelParts& parts, const Find& find) {
    merges_.reserve(parts.merges.size());
    std::string merged;
    uint32_t rank = 0;
    for (const auto& [left, right] : parts.merges) {
      merged = left;
      merged += std::string_view(right).substr(std::min(options_.prefix.size(), right.size()));
      for (const std::string& token : {std::cref(left), std::cref(right), std::cref(merged)}) {
        if (find(token) >= 0) continue;
        throw LoadError("[Tokenizer] " + parts.config.file().string() + ": the vocabulary lacks " +
                        in_quotes(token) + " of the merge of " + in_quotes(left) + " and " +
                        in_quotes(right));
      }
      merges_.add(find(left), find(right), {rank++, find(merged)});
    }
  }

  /// Works on bytes where the pre-tokenizer would only spell them in another alphabet.
  template <class Find>
  void choose_bytes(bool byte_level, const Find& find) {
    bool all = true;
    for (int byte = 0; byte < 256; ++byte) {
      std::string character;
      append_utf8(character, byte_character(static_cast<uint8_t>(byte)));
      bytes_[byte] = find(character);
      all = all && bytes_[byte] >= 0;
    }
    takes_bytes_ = byte_level && options_.prefix.empty() && options_.suffix.empty() &&
                   (all || (unk_id_ < 0 && !options_.byte_fallback));
    if (takes_bytes_ || !options_.byte_fallback) return;
    static constexpr char kDigits[] = "0123456789ABCDEF";
    for (int byte = 0; byte < 256; ++byte) {
      bytes_[byte] = find(std::string("<0x") + kDigits[byte / 16] + kDigits[byte % 16] + '>');
    }
  }

  void build_tokens(const Vocabulary& vocabulary) {
    std::vector<std::string> texts;
    std::vector<std::pair<std::string_view, int64_t>> tokens;
    texts.reserve(vocabulary.size());
    tokens.reserve(vocabulary.size());
    int64_t limit = 0;
    for (const auto& [token, id] : vocabulary) {
      limit = std::max(limit, id + 1);
      if (!takes_bytes_) {
        tokens.emplace_back(token, id);
      } else if (auto bytes = bytes_of_characters(token)) {
        texts.push_back(*std::move(bytes));
        tokens.emplace_back(texts.back(), id);
      }
    }
    tokens_.build(tokens);
    whole_ = std::make_unique<std::atomic<Whole>[]>(static_cast<size_t>(limit));
  }

  void try_whole(std::string_view piece, int32_t token, std::vector<int64_t>& ids) const {
    const size_t before = ids.size();
    merge(piece, ids);
    const bool whole = ids.size() == before + 1 && ids.back() == token;
    whole_[token].store(whole ? Whole::yes : Whole::no, std::memory_order_relaxed);
  }

  void merge(std::string_view piece, std::vector<int64_t>& ids) const {
    constexpr size_t kFewBytes = 128;
    if (takes_bytes_ && piece.size() <= kFewBytes) {
      int32_t symbols[kFewBytes];
      size_t count = 0;
      for (const char byte : piece) count += put_byte(byte, symbols + count);
      return append(symbols, count, ids);
    }
    std::vector<int32_t> symbols;
    if (takes_bytes_) {
      symbols.resize(piece.size());
      size_t count = 0;
      for (const char byte : piece) count += put_byte(byte, symbols.data() + count);
      symbols.resize(count);
    } else {
      split_characters(piece, symbols);
    }
    append(symbols.data(), symbols.size(), ids);
  }

  /// A byte without token leaves nothing behind.
  size_t put_byte(char byte, int32_t* symbol) const {
    *symbol = bytes_[static_cast<unsigned char>(byte)];
    return *symbol >= 0 ? 1 : 0;
  }

  void append(int32_t* symbols, size_t count, std::vector<int64_t>& ids) const {
    count = merges_.apply(symbols, count);
    ids.insert(ids.end(), symbols, symbols + count);
  }

  void split_characters(std::string_view piece, std::vector<int32_t>& symbols) const {
    std::string text;
    bool unknown_waits = false;
    for (size_t i = 0; i < piece.size();) {
      const size_t begin = i;
      decode_utf8(piece, i);
      text.clear();
      if (begin > 0) text += options_.prefix;
      text += piece.substr(begin, i - begin);
      if (i == piece.size()) text += options_.suffix;
      if (const int32_t id = tokens_.find(text); id >= 0) {
        if (unknown_waits) symbols.push_back(unk_id_);
        unknown_waits = false;
        symbols.push_back(id);
      } else if (!fall_back(text, symbols) && unk_id_ >= 0) {
        if (unknown_waits && !options_.fuse_unk) symbols.push_back(unk_id_);
        unknown_waits = true;  // it stands behind the bytes of characters that follow it
      }
    }
    if (unknown_waits) symbols.push_back(unk_id_);
  }

  /// The tokens of a text's bytes, if all of them exist.
  bool fall_back(std::string_view text, std::vector<int32_t>& symbols) const {
    if (!options_.byte_fallback) return false;
    for (const char byte : text) {
      if (bytes_[static_cast<unsigned char>(byte)] < 0) return false;
    }
    for (const char byte : text) symbols.push_back(bytes_[static_cast<unsigned char>(byte)]);
    return true;
  }

  BpeOptions options_;
  int32_t unk_id_ = -1;
  bool takes_bytes_ = false;
  int32_t bytes_[256];  // the tokens of single bytes, or -1
  PieceTable tokens_;
  MergeTable merges_;
  std::unique_ptr<std::atomic<Whole>[]> whole_;  // by id
};

}  // namespace

std::unique_ptr<Model> make_bpe(const ModelParts& parts) { return std::make_unique<Bpe>(parts); }

}  // namespace sentence_transformers
