#include "nn/workspace.h"

#include <ATen/ATen.h>
#include <sys/mman.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

namespace sentence_transformers {
namespace {

/// Memory that no tensor uses. Tensors hold the pool they came from, and may outlive its thread and
/// leave it.
class Pool {
 public:
  /// Pages of its own: they leave no holes in the heap, and go back to the system.
  class Piece {
   public:
    Piece() = default;
    explicit Piece(size_t size) : size_(size) {
      data_ = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (data_ == MAP_FAILED) throw std::bad_alloc();
    }
    ~Piece() {
      if (size_ > 0) munmap(data_, size_);
    }
    Piece(Piece&& other) noexcept : data_(other.data_), size_(std::exchange(other.size_, 0)) {}
    Piece& operator=(Piece&& other) noexcept {
      std::swap(data_, other.data_);
      std::swap(size_, other.size_);
      return *this;
    }
    void* data() const { return data_; }
    size_t size() const { return size_; }

   private:
    void* data_ = nullptr;
    size_t size_ = 0;
  };

  /// An unused piece of at least `size` bytes and at most twice that; else a new one, in place of
  /// an unused one of at least half of it, so that there are never many more than were used at
  /// once.
  Piece take(size_t size) {
    constexpr size_t kStep = 1 << 16;  // passes differ by a few tokens
    size = (size + kStep - 1) / kStep * kStep;
    Piece piece;
    const std::lock_guard lock(mutex_);
    auto chosen = std::lower_bound(unused_.begin(), unused_.end(), size,
                                   [](const Piece& p, size_t s) { return p.size() < s; });
    if (chosen == unused_.end() || chosen->size() > 2 * size) {
      const bool replaces = chosen != unused_.begin() && std::prev(chosen)->size() >= size / 2;
      chosen = replaces ? std::prev(chosen) : unused_.end();
    }
    if (chosen != unused_.end()) {
      piece = std::move(*chosen);
      unused_.erase(chosen);
      kept_ -= piece.size();
    }
    if (piece.size() < size) {
      piece = Piece();  // first, so that both are never there together
      piece = Piece(size);
    }
    return piece;
  }

  void put(Piece piece) {
    constexpr size_t kMost = 16 << 20;
    const std::lock_guard lock(mutex_);
    if (closed_ || kept_ + piece.size() > kMost) return;
    kept_ += piece.size();
    const auto place = std::upper_bound(unused_.begin(), unused_.end(), piece.size(),
                                        [](size_t s, const Piece& p) { return s < p.size(); });
    unused_.insert(place, std::move(piece));
  }

  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    unused_.clear();
  }

 private:
  std::mutex mutex_;
  std::vector<Piece> unused_;  // smallest first
  size_t kept_ = 0;            // bytes of them
  bool closed_ = false;
};

/// A thread's pool, which ends with it.
struct OwnPool {
  ~OwnPool() { pool->close(); }
  std::shared_ptr<Pool> pool = std::make_shared<Pool>();
};

}  // namespace

at::Tensor empty_in_workspace(at::IntArrayRef sizes, const at::TensorOptions& options) {
  if (!options.device().is_cpu()) return at::empty(sizes, options);
  thread_local const OwnPool own;
  const auto size = static_cast<size_t>(c10::multiply_integers(sizes)) * options.dtype().itemsize();
  auto piece = std::make_shared<Pool::Piece>(own.pool->take(size));
  void* data = piece->data();
  return at::from_blob(
      data, sizes,
      [pool = own.pool, piece = std::move(piece)](void*) { pool->put(std::move(*piece)); },
      options);
}

}  // namespace sentence_transformers
