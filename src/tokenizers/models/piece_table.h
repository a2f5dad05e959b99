// Tokens by the hash of their bytes: open addressing, at most half full.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sentence_transformers {

/// A hash of a string's bytes that gives the hash of every part of it in constant time: h("ab") =
/// h("a") * kHashBase + 'b' + 1.
constexpr uint64_t kHashBase = 0x9E3779B97F4A7C15;

inline uint64_t hash_bytes(std::string_view bytes) {
  uint64_t h = 0;
  for (const char c : bytes) h = h * kHashBase + static_cast<unsigned char>(c) + 1;
  return h;
}

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

  /// The id, or -1.
  int32_t find(std::string_view bytes, uint64_t hash) const {
    for (size_t i = index(hash);; i = (i + 1) & (slots_.size() - 1)) {
      const Slot& slot = slots_[i];
      if (slot.id < 0) return -1;
      if (is(slot, bytes, hash)) return slot.id;
    }
  }
  int32_t find(std::string_view bytes) const {
    return bytes.size() > longest_ ? -1 : find(bytes, hash_bytes(bytes));
  }

  /// Bytes of the longest piece.
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

}  // namespace sentence_transformers
