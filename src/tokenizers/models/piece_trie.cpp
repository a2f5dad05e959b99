#include "tokenizers/models/piece_trie.h"

#include <algorithm>

namespace sentence_transformers {

void PieceTrie::build(std::vector<std::pair<std::string_view, int32_t>> pieces) {
  std::stable_sort(pieces.begin(), pieces.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  nodes_.assign(512, Node());
  nodes_[0].parent = kRoot;
  searched_ = 1;
  // The pieces [begin, end) share their first `depth` bytes, which lead to `node`.
  struct Range {
    size_t begin, end, depth;
    int32_t node;
  };
  std::vector<Range> open = {{0, pieces.size(), 0, 0}};
  std::vector<uint8_t> bytes;
  std::vector<size_t> begins;
  while (!open.empty()) {
    Range range = open.back();
    open.pop_back();
    while (range.begin < range.end && pieces[range.begin].first.size() == range.depth) {
      if (range.depth > 0) nodes_[range.node].value = pieces[range.begin].second;
      ++range.begin;
    }
    if (range.begin == range.end) continue;
    bytes.clear();
    begins.clear();
    for (size_t i = range.begin; i < range.end; ++i) {
      const auto byte = static_cast<uint8_t>(pieces[i].first[range.depth]);
      if (!bytes.empty() && bytes.back() == byte) continue;
      bytes.push_back(byte);
      begins.push_back(i);
    }
    const int32_t base = nodes_[range.node].base = find_base(bytes);
    begins.push_back(range.end);
    for (size_t i = 0; i < bytes.size(); ++i) {
      const int32_t child = base + bytes[i];
      nodes_[child].parent = range.node;
      open.push_back({begins[i], begins[i + 1], range.depth + 1, child});
    }
  }
}

/// A place where nodes for all of these bytes, which are sorted, are free.
int32_t PieceTrie::find_base(const std::vector<uint8_t>& bytes) {
  const auto is_free = [&](size_t place) { return nodes_[place].parent == kFree; };
  size_t in_use = 0;
  for (size_t first = std::max<size_t>(searched_, bytes.front() + size_t{1});; ++first) {
    if (first + 512 > nodes_.size()) nodes_.resize(nodes_.size() * 2);
    if (!is_free(first)) {
      ++in_use;
      continue;
    }
    const size_t base = first - bytes.front();
    const bool fits =
        std::all_of(bytes.begin(), bytes.end(), [&](uint8_t byte) { return is_free(base + byte); });
    if (!fits) continue;
    // Places that are nearly full are not looked at again.
    if (in_use * 20 >= (first - searched_ + 1) * 19) searched_ = first;
    return static_cast<int32_t>(base);
  }
}

int32_t PieceTrie::find(std::string_view piece) const {
  int32_t found = -1;
  prefixes(piece, [&](size_t size, int32_t value) {
    if (size == piece.size()) found = value;
  });
  return found;
}

}  // namespace sentence_transformers
