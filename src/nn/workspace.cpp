#include "nn/workspace.h"

#include <ATen/ATen.h>
#include <sys/mman.h>

#include <algorithm>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

namespace sentence_transformers {

/// Memory that no tensor uses. Tensors hold the pool they came from, and may outlive its Workspace
/// and leave its thread.
struct Workspace::Pool {
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
    const std::lock_guard lock(mutex);
    auto chosen = std::lower_bound(unused.begin(), unused.end(), size,
                                   [](const Piece& p, size_t s) { return p.size() < s; });
    if (chosen == unused.end() || chosen->size() > 2 * size) {
      const bool replaces = chosen != unused.begin() && std::prev(chosen)->size() >= size / 2;
      chosen = replaces ? std::prev(chosen) : unused.end();
    }
    if (chosen != unused.end()) {
      piece = std::move(*chosen);
      unused.erase(chosen);
    }
    if (piece.size() < size) {
      piece = Piece();  // first, so that both are never there together
      piece = Piece(size);
    }
    return piece;
  }

  void put(Piece piece) {
    const std::lock_guard lock(mutex);
    if (closed) return;
    const auto place = std::upper_bound(unused.begin(), unused.end(), piece.size(),
                                        [](size_t s, const Piece& p) { return s < p.size(); });
    unused.insert(place, std::move(piece));
  }

  void close() {
    const std::lock_guard lock(mutex);
    closed = true;
    unused.clear();
  }

  std::mutex mutex;
  std::vector<Piece> unused;  // smallest first
  bool closed = false;
};

namespace {

thread_local std::shared_ptr<Workspace::Pool> current;

}  // namespace

Workspace::Workspace() : outer_(std::exchange(current, std::make_shared<Pool>())) {}

Workspace::~Workspace() {
  current->close();
  current = std::move(outer_);
}

at::Tensor empty_in_workspace(at::IntArrayRef sizes, const at::TensorOptions& options) {
  if (!current || !options.device().is_cpu()) return at::empty(sizes, options);
  const auto size = static_cast<size_t>(c10::multiply_integers(sizes)) * options.dtype().itemsize();
  auto piece = std::make_shared<Workspace::Pool::Piece>(current->take(size));
  void* data = piece->data();
  return at::from_blob(
      data, sizes,
      [pool = current, piece = std::move(piece)](void*) { pool->put(std::move(*piece)); }, options);
}

}  // namespace sentence_transformers
