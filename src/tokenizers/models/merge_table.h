// Byte-pair encoding's merges by the pair of ids, and how they are applied to a piece.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sentence_transformers {

class MergeTable {
 public:
  struct Merge {
    uint32_t rank = UINT32_MAX;  // the smaller, the sooner; UINT32_MAX: no merge
    int32_t id = -1;
  };

  /// Makes room for so many pairs.
  void reserve(size_t pairs);
  /// Of a repeated pair the last rank counts.
  void add(int32_t left, int32_t right, Merge merge);
  Merge find(int32_t left, int32_t right) const;

  /// Merges neighbours among `ids` until no pair has a merge: the lowest rank first, of equal ones
  /// the leftmost. Takes n log n time. Returns how many ids are left, at the beginning of `ids`.
  size_t apply(int32_t* ids, size_t count) const;

 private:
  struct Slot {
    uint64_t pair = 0;
    Merge merge;
  };
  static uint64_t key(int32_t left, int32_t right) {
    return uint64_t{static_cast<uint32_t>(left)} << 32 | static_cast<uint32_t>(right);
  }
  size_t index(uint64_t pair) const {
    const uint64_t h = pair * 0x9E3779B97F4A7C15;
    return (h ^ h >> 32) & (slots_.size() - 1);
  }
  size_t apply_short(int32_t* ids, size_t count) const;
  size_t apply_long(int32_t* ids, size_t count) const;

  std::vector<Slot> slots_ = std::vector<Slot>(2);
};

}  // namespace sentence_transformers
