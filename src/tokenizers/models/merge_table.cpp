#include "tokenizers/models/merge_table.h"

#include <algorithm>
#include <queue>

namespace sentence_transformers {
namespace {

/// Up to so many ids the lowest rank is found by looking at all, which is faster than a heap.
constexpr size_t kShort = 32;

}  // namespace

void MergeTable::reserve(size_t pairs) {
  size_t size = 2;
  while (size < pairs * 2 + 2) size *= 2;
  slots_.assign(size, {});
}

void MergeTable::add(int32_t left, int32_t right, Merge merge) {
  const uint64_t pair = key(left, right);
  size_t i = index(pair);
  while (slots_[i].merge.id >= 0 && slots_[i].pair != pair) i = (i + 1) & (slots_.size() - 1);
  slots_[i] = {pair, merge};
}

MergeTable::Merge MergeTable::find(int32_t left, int32_t right) const {
  const uint64_t pair = key(left, right);
  for (size_t i = index(pair);; i = (i + 1) & (slots_.size() - 1)) {
    const Slot& slot = slots_[i];
    if (slot.merge.id < 0 || slot.pair == pair) return slot.merge;
  }
}

size_t MergeTable::apply(int32_t* ids, size_t count) const {
  return count <= kShort ? apply_short(ids, count) : apply_long(ids, count);
}

size_t MergeTable::apply_short(int32_t* ids, size_t count) const {
  if (count < 2) return count;
  Merge merges[kShort];  // of each id with the next one
  for (size_t i = 0; i + 1 < count; ++i) merges[i] = find(ids[i], ids[i + 1]);
  for (;;) {
    size_t best = 0;
    for (size_t i = 1; i + 1 < count; ++i) {
      if (merges[i].rank < merges[best].rank) best = i;
    }
    if (merges[best].id < 0) return count;
    ids[best] = merges[best].id;
    std::copy(ids + best + 2, ids + count, ids + best + 1);
    if (best + 2 < count) std::copy(merges + best + 2, merges + count - 1, merges + best + 1);
    if (--count < 2) return count;
    if (best > 0) merges[best - 1] = find(ids[best - 1], ids[best]);
    if (best + 1 < count) merges[best] = find(ids[best], ids[best + 1]);
  }
}

size_t MergeTable::apply_long(int32_t* ids, size_t count) const {
  struct Candidate {
    uint32_t rank;
    uint32_t left, right;  // places
    int32_t left_id, right_id, id;
    bool operator>(const Candidate& other) const {
      return rank != other.rank ? rank > other.rank : left > other.left;
    }
  };
  // Ids that are gone are -1 and are stepped over by the links to their neighbours.
  const auto none = static_cast<uint32_t>(count);
  std::vector<uint32_t> before(count), after(count);
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue;
  const auto offer = [&](uint32_t left, uint32_t right) {
    if (left == none || right == none) return;
    const Merge merge = find(ids[left], ids[right]);
    if (merge.id >= 0) queue.push({merge.rank, left, right, ids[left], ids[right], merge.id});
  };
  for (uint32_t i = 0; i < none; ++i) {
    before[i] = i == 0 ? none : i - 1;
    after[i] = i + 1;
    if (i > 0) offer(i - 1, i);
  }
  while (!queue.empty()) {
    const Candidate top = queue.top();
    queue.pop();
    if (ids[top.left] != top.left_id || ids[top.right] != top.right_id) continue;
    if (after[top.left] != top.right) continue;
    ids[top.left] = top.id;
    ids[top.right] = -1;
    const uint32_t next = after[top.left] = after[top.right];
    if (next != none) before[next] = top.left;
    offer(before[top.left], top.left);
    offer(top.left, next);
  }
  return static_cast<size_t>(std::remove(ids, ids + count, -1) - ids);
}

}  // namespace sentence_transformers
