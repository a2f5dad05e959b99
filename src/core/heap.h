// Python's heapq, move for move: where scores tie, the heap's layout decides which result comes
// first.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace sentence_transformers {

template <class T>
void sift_to_root(std::vector<T>& heap, size_t position) {
  T item = std::move(heap[position]);
  while (position > 0) {
    const size_t parent = (position - 1) / 2;
    if (!(item < heap[parent])) break;
    heap[position] = std::move(heap[parent]);
    position = parent;
  }
  heap[position] = std::move(item);
}

template <class T>
void heap_push(std::vector<T>& heap, T item) {
  heap.push_back(std::move(item));
  sift_to_root(heap, heap.size() - 1);
}

/// Pushes the item, and returns the smallest, which leaves.
template <class T>
T heap_push_pop(std::vector<T>& heap, T item) {
  if (heap.empty() || !(heap[0] < item)) return item;
  std::swap(heap[0], item);
  size_t position = 0;
  T moved = std::move(heap[0]);
  for (size_t child = 1; child < heap.size(); child = 2 * position + 1) {
    if (child + 1 < heap.size() && !(heap[child] < heap[child + 1])) ++child;
    heap[position] = std::move(heap[child]);
    position = child;
  }
  heap[position] = std::move(moved);
  sift_to_root(heap, position);
  return item;
}

}  // namespace sentence_transformers
