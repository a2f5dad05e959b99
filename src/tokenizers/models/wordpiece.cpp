#include "tokenizers/models/wordpiece.h"

#include "core/utf8.h"
#include "tokenizers/models/makers.h"

namespace sentence_transformers {

WordPiece::WordPiece(const ModelParts& parts)
    : longest_word_(static_cast<size_t>(
          std::max(parts.config.get<int64_t>("max_input_chars_per_word", 100), int64_t{0}))),
      unk_id_(
          require_token(parts, parts.config.get<std::string>("unk_token", "[UNK]"), "unk_token")) {
  const auto prefix = parts.config.get<std::string>("continuing_subword_prefix", "##");
  std::vector<std::pair<std::string_view, int64_t>> first, next;
  for (const auto& [token, id] : parts.vocabulary) {
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
  for (size_t i = 1; i < powers_.size(); ++i) powers_[i] = powers_[i - 1] * kHashBase;
}

void WordPiece::tokenize(std::string_view word, std::vector<int64_t>& ids) const {
  std::vector<uint64_t> prefix_hashes;
  tokenize(word, utf8_length(word), prefix_hashes, ids);
}

void WordPiece::pieces(std::string_view word, std::vector<uint64_t>& prefix_hashes,
                       std::vector<int64_t>& ids) const {
  prefix_hashes.resize(word.size() + 1);
  uint64_t h = 0;
  for (size_t i = 0; i < word.size(); ++i) {
    h = h * kHashBase + static_cast<unsigned char>(word[i]) + 1;
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
      ids.push_back(unk_id_);
      return;
    }
    ids.push_back(id);
    start += size;
  }
}

std::unique_ptr<Model> make_wordpiece_model(const ModelParts& parts) {
  return std::make_unique<WordPiece>(parts);
}

}  // namespace sentence_transformers
