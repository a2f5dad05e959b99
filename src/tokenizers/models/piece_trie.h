// Pieces by their bytes, found one behind the other along a text: a trie as a double array (Aoe,
// 1989).
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace sentence_transformers {

class PieceTrie {
 public:
  /// Of a repeated piece the last value counts; an empty one is never found. Values are at least 0.
  void build(std::vector<std::pair<std::string_view, int32_t>> pieces);

  /// Calls found(size, value) for each piece that `text` begins with, the shortest one first.
  template <class Found>
  void prefixes(std::string_view text, Found found) const {
    int32_t node = 0;
    for (size_t i = 0; i < text.size();) {
      const int32_t next = nodes_[node].base + static_cast<unsigned char>(text[i]);
      if (nodes_[next].parent != node) return;
      node = next;
      ++i;
      if (nodes_[node].value >= 0) found(i, nodes_[node].value);
    }
  }

  /// The value of a piece, or -1.
  int32_t find(std::string_view piece) const;

 private:
  static constexpr int32_t kFree = -1, kRoot = -2;

  /// A byte leads from a node to the one at `base` + byte, if that has it as its parent. Behind the
  /// last one that is in use there are 256 more.
  struct Node {
    int32_t base = 0;
    int32_t parent = kFree;
    int32_t value = -1;
  };

  int32_t find_base(const std::vector<uint8_t>& bytes);

  std::vector<Node> nodes_;
  size_t searched_ = 1;  // before this place nearly all nodes are in use
};

}  // namespace sentence_transformers
