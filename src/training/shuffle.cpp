#include "training/shuffle.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

namespace sentence_transformers {
namespace {

/// Takes one of the list by chance; the last one moves to its place.
template <class T>
T take(std::vector<T>& list, std::mt19937_64& random) {
  const size_t place = draw_below(random, list.size());
  T taken = std::move(list[place]);
  if (place + 1 < list.size()) list[place] = std::move(list.back());
  list.pop_back();
  return taken;
}

std::unique_ptr<Dataset::Access> access_of(const Dataset& dataset, int64_t window) {
  if (window <= 1) return nullptr;
  auto access = dataset.access();
  const bool fits = access && access->size() <= std::numeric_limits<uint32_t>::max();
  return fits ? std::move(access) : nullptr;
}

}  // namespace

Shuffle::Shuffle(const Dataset& dataset, int64_t window)
    : access_(access_of(dataset, window)),
      window_(static_cast<size_t>(std::max<int64_t>(window, 1))) {
  if (access_) {
    left_.resize(static_cast<size_t>(access_->size()));
    std::iota(left_.begin(), left_.end(), 0u);
  } else {
    reader_ = dataset.read();
  }
}

bool Shuffle::next(Drawn& drawn, std::mt19937_64& random) {
  if (access_) {
    if (left_.empty()) return false;
    drawn.index = take(left_, random);
    return true;
  }
  Example next;
  while (!ended_ && buffer_.size() < window_) {
    ended_ = !reader_->next(next);
    if (!ended_) buffer_.push_back(std::move(next));
  }
  if (buffer_.empty()) return false;
  drawn.example = take(buffer_, random);
  return true;
}

void Shuffle::fetch(Drawn& drawn) {
  if (access_) access_->get(drawn.index, drawn.example);
}

bool is_shuffled_whole(const Dataset& dataset, int64_t window) {
  return window <= 1 || dataset.size() <= window || access_of(dataset, window) != nullptr;
}

}  // namespace sentence_transformers
