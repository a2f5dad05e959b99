#include "retrieval_scan.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <mutex>

#include "core/heap.h"
#include "kernels/kernels.h"

namespace sentence_transformers::util {
namespace {

// Fewer queries than this do not fill a panel of the loops.
constexpr int64_t kLeastQueries = 8;
// Queries whose packed form stays in the cache while the corpus goes by.
constexpr int64_t kQueriesASweep = 1024;
// Corpus rows scored at a time; their scores stay in the cache until they are looked through.
constexpr int64_t kRowsABlock = 64;

/// One core's best so far. The scores to beat stand side by side, so that a row's scores are
/// compared many at a time.
class Best {
 public:
  Best(int64_t queries, int64_t top_k)
      : heaps_(static_cast<size_t>(queries)),
        least_(static_cast<size_t>(queries), -std::numeric_limits<float>::infinity()),
        top_k_(static_cast<size_t>(top_k)) {}

  void look_through(const float* scores, float factor, int64_t row) {
    constexpr int64_t kStep = 32;
    const auto count = static_cast<int64_t>(least_.size());
    for (int64_t begin = 0; begin < count; begin += kStep) {
      const int64_t end = std::min(begin + kStep, count);
      int better = 0;
      for (int64_t q = begin; q < end; ++q) better += scores[q] * factor >= least_[q];
      if (better == 0) continue;
      for (int64_t q = begin; q < end; ++q) {
        if (scores[q] * factor >= least_[q]) push(q, {scores[q] * factor, row});
      }
    }
  }

  std::vector<Candidate>& heap(int64_t query) { return heaps_[query]; }

  void push(int64_t query, const Candidate& candidate) {
    auto& heap = heaps_[query];
    if (heap.size() < top_k_) {
      heap_push(heap, candidate);
    } else {
      heap_push_pop(heap, candidate);
    }
    if (heap.size() == top_k_) least_[query] = static_cast<float>(heap.front().first);
  }

 private:
  std::vector<std::vector<Candidate>> heaps_;
  std::vector<float> least_;
  size_t top_k_;
};

/// The sum of squares.
float square_norm(const float* row, int64_t size) {
  constexpr int64_t kLanes = 16;
  float sums[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= size; i += kLanes) {
    for (int64_t j = 0; j < kLanes; ++j) sums[j] += row[i + j] * row[i + j];
  }
  float sum = 0;
  for (; i < size; ++i) sum += row[i] * row[i];
  for (const float lane : sums) sum += lane;
  return sum;
}

/// One sweep over the corpus for up to kQueriesASweep queries; false if it met a number that is not
/// finite.
bool sweep(const at::Tensor& queries, const at::Tensor& corpus, bool cosine, int64_t top_k,
           std::vector<Candidate>* results) {
  const int64_t count = queries.size(0), size = queries.size(1), rows = corpus.size(0);
  const at::Tensor panels = at::empty({kernels::packed_size(count, size)}, at::kFloat);
  kernels::best()->pack_f32(queries.const_data_ptr<float>(), count, size, panels.data_ptr<float>());
  const at::Tensor zeros = at::zeros({kernels::round_up(count, kernels::kColumns)}, at::kFloat);
  const kernels::PackedF32 packed{panels.const_data_ptr<float>(), zeros.const_data_ptr<float>(),
                                    size};
  const auto* values = corpus.const_data_ptr<float>();

  Best all(count, top_k);
  std::mutex mutex;  // of `all`
  std::atomic<int64_t> next = 0;
  std::atomic<bool> finite = true;
  at::parallel_for(0, at::get_num_threads(), 1, [&](int64_t, int64_t) {
    Best best(count, top_k);
    std::vector<float> scores(static_cast<size_t>(kRowsABlock * count));
    for (int64_t first; finite && (first = next.fetch_add(kRowsABlock)) < rows;) {
      const int64_t block = std::min(kRowsABlock, rows - first);
      const float* x = values + first * size;
      kernels::best()->linear_f32(x, block, packed, 0, count, {}, scores.data(),
                              count);
      for (int64_t i = 0; i < block; ++i) {
        const float square = square_norm(x + i * size, size);
        if (!std::isfinite(square)) finite = false;
        const float factor = cosine ? 1.0f / std::max(std::sqrt(square), 1e-12f) : 1.0f;
        best.look_through(scores.data() + i * count, factor, first + i);
      }
    }
    const std::lock_guard lock(mutex);
    for (int64_t q = 0; q < count; ++q) {
      for (const Candidate& candidate : best.heap(q)) all.push(q, candidate);
    }
  });
  for (int64_t q = 0; q < count; ++q) {
    results[q] = std::move(all.heap(q));
    std::sort(results[q].begin(), results[q].end(), std::greater<>());
  }
  return finite;
}

}  // namespace

bool can_scan(const at::Tensor& queries, const at::Tensor& corpus) {
  const auto fits = [](const at::Tensor& t) {
    return t.is_cpu() && t.scalar_type() == at::kFloat && t.is_contiguous();
  };
  return kernels::best() && fits(queries) && fits(corpus) && queries.size(0) >= kLeastQueries &&
         queries.size(1) > 0;
}

std::optional<std::vector<std::vector<Candidate>>> scan(const at::Tensor& queries,
                                                        const at::Tensor& corpus, bool cosine,
                                                        int64_t top_k) {
  if (!queries.isfinite().all().item<bool>()) return {};
  std::vector<std::vector<Candidate>> results(static_cast<size_t>(queries.size(0)));
  top_k = std::min(top_k, corpus.size(0));
  if (top_k < 1) return results;
  for (int64_t first = 0; first < queries.size(0); first += kQueriesASweep) {
    const int64_t count = std::min(kQueriesASweep, queries.size(0) - first);
    if (!sweep(queries.narrow(0, first, count), corpus, cosine, top_k, results.data() + first)) {
      return {};
    }
  }
  return results;
}

}  // namespace sentence_transformers::util
