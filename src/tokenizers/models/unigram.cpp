// Unigram (Kudo, 2018): of all ways to cut a piece, the one whose tokens have the highest sum of
// scores.
#include <sentence_transformers/error.h>

#include <algorithm>

#include "tokenizers/models/makers.h"
#include "tokenizers/models/piece_trie.h"

namespace sentence_transformers {
namespace {

class Unigram : public Model {
 public:
  explicit Unigram(const ModelParts& parts)
      : file_(parts.config.file().string()),
        byte_fallback_(parts.config.get<bool>("byte_fallback", false)) {
    read_unk_id(parts);
    std::vector<std::pair<std::string_view, int32_t>> pieces;
    pieces.reserve(parts.vocabulary.size());
    scores_.assign(parts.scores.begin(), parts.scores.end());
    for (const auto& [token, id] : parts.vocabulary) {
      pieces.emplace_back(token, static_cast<int32_t>(id));
    }
    trie_.build(std::move(pieces));
    constexpr double kPenalty = 10;
    unk_score_ = *std::min_element(scores_.begin(), scores_.end()) - kPenalty;
    if (!byte_fallback_) return;
    static constexpr char kDigits[] = "0123456789ABCDEF";
    for (int byte = 0; byte < 256; ++byte) {
      bytes_[byte] = trie_.find(std::string("<0x") + kDigits[byte / 16] + kDigits[byte % 16] + '>');
    }
  }

  void tokenize(std::string_view piece, std::vector<int64_t>& ids) const override {
    constexpr size_t kFewBytes = 128;
    if (piece.size() <= kFewBytes) {
      Node nodes[kFewBytes + 1];
      return tokenize(piece, nodes, ids);
    }
    std::vector<Node> nodes(piece.size() + 1);
    tokenize(piece, nodes.data(), ids);
  }

 private:
  static constexpr uint32_t kNowhere = UINT32_MAX;

  /// The best way to get to a place of the piece: where its last token begins, and that token.
  struct Node {
    double score;
    uint32_t begin;
    int32_t id;
  };

  void read_unk_id(const ModelParts& parts) {
    const auto size = static_cast<int64_t>(parts.vocabulary.size());
    if (size == 0) {
      throw LoadError("[Tokenizer] " + parts.config.name("vocab") + " is empty; expected tokens");
    }
    const int64_t id = parts.config.find<int64_t>("unk_id").value_or(-1);
    if (parts.config.has("unk_id") && (id < 0 || id >= size)) {
      throw LoadError("[Tokenizer] " + parts.config.name("unk_id") + " is " + std::to_string(id) +
                      "; expected an id below " + std::to_string(size));
    }
    unk_id_ = static_cast<int32_t>(id);
  }

  /// Bytes of the character that begins with `lead`, in valid UTF-8.
  static size_t character_size(char lead) {
    const auto byte = static_cast<unsigned char>(lead);
    return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
  }

  static void offer(Node& node, double score, size_t begin, int32_t id) {
    // Of equal ways the first one stays, whose last token is the longest.
    if (node.begin != kNowhere && !(score > node.score)) return;
    node = {score, static_cast<uint32_t>(begin), id};
  }

  void tokenize(std::string_view piece, Node* nodes, std::vector<int64_t>& ids) const {
    std::fill_n(nodes, piece.size() + 1, Node{0, kNowhere, -1});
    for (size_t begin = 0; begin < piece.size();) {
      const double score = nodes[begin].score;
      const size_t character = std::min(character_size(piece[begin]), piece.size() - begin);
      bool known = false;  // is the character itself a token?
      trie_.prefixes(piece.substr(begin), [&](size_t size, int32_t id) {
        offer(nodes[begin + size], scores_[id] + score, begin, id);
        known = known || size == character;
      });
      if (!known) {
        if (unk_id_ < 0) {
          throw Error("[Tokenizer] " + file_ + ": the vocabulary lacks the character \"" +
                      std::string(piece.substr(begin, character)) +
                      "\", and the model has no unk_id");
        }
        offer(nodes[begin + character], unk_score_ + score, begin, unk_id_);
      }
      begin += character;
    }
    append_reversed(piece, nodes, ids);
  }

  /// The ids of the way that ends at the piece's end.
  void append_reversed(std::string_view piece, const Node* nodes, std::vector<int64_t>& ids) const {
    const auto before = static_cast<std::ptrdiff_t>(ids.size());
    for (size_t end = piece.size(); end > 0;) {
      if (nodes[end].id != unk_id_ || unk_id_ < 0) {
        ids.push_back(nodes[end].id);
        end = nodes[end].begin;
        continue;
      }
      // Unknown tokens side by side count as one.
      size_t begin = end;
      while (begin > 0 && nodes[begin].id == unk_id_) begin = nodes[begin].begin;
      append_unknown(piece.substr(begin, end - begin), ids);
      end = begin;
    }
    std::reverse(ids.begin() + before, ids.end());
  }

  /// Its last byte comes first.
  void append_unknown(std::string_view text, std::vector<int64_t>& ids) const {
    if (const int32_t id = trie_.find(text); id >= 0) return ids.push_back(id);
    const auto token = [&](char byte) { return bytes_[static_cast<unsigned char>(byte)]; };
    const bool as_bytes = byte_fallback_ && std::all_of(text.begin(), text.end(),
                                                        [&](char b) { return token(b) >= 0; });
    if (!as_bytes) return ids.push_back(unk_id_);
    for (size_t i = text.size(); i > 0; --i) ids.push_back(token(text[i - 1]));
  }

  std::string file_;
  bool byte_fallback_;
  int32_t unk_id_ = -1;
  double unk_score_ = 0;
  std::vector<double> scores_;  // by id
  PieceTrie trie_;
  int32_t bytes_[256] = {};  // the tokens of single bytes, or -1
};

}  // namespace

std::unique_ptr<Model> make_unigram(const ModelParts& parts) {
  return std::make_unique<Unigram>(parts);
}

}  // namespace sentence_transformers
