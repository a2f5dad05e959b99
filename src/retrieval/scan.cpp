#include "retrieval/scan.h"

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
      for (int64_t q = begin; q < end; ++q) better += scores[q] * factor > least_[q];
      if (better == 0) continue;
      for (int64_t q = begin; q < end; ++q) {
        if (scores[q] * factor > least_[q]) push(q, {scores[q] * factor, row});
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

/// Scores blocks of corpus rows by the loops.
class BlockScorer {
 public:
  BlockScorer(const at::Tensor& queries, const at::Tensor& corpus, bool cosine)
      : count_(queries.size(0)),
        size_(queries.size(1)),
        corpus_(corpus.const_data_ptr<float>()),
        cosine_(cosine),
        panels_(at::empty({kernels::packed_size(count_, size_)}, at::kFloat)),
        zeros_(at::zeros({kernels::round_up(count_, kernels::kColumns)}, at::kFloat)) {
    kernels::best()->pack_f32(queries.const_data_ptr<float>(), count_, size_,
                              panels_.data_ptr<float>());
  }

  /// Of rows first, first + 1, ...: what each row's scores are to be multiplied with is `factors`,
  /// and scores is [rows, queries]. False if a number is not finite.
  bool operator()(int64_t first, int64_t rows, float* scores, float* factors) const {
    const float* x = corpus_ + first * size_;
    const kernels::PackedF32 packed{panels_.const_data_ptr<float>(), zeros_.const_data_ptr<float>(),
                                    size_};
    kernels::best()->linear_f32(x, rows, packed, 0, count_, {}, scores, count_);
    bool finite = true;
    for (int64_t i = 0; i < rows; ++i) {
      const float square = square_norm(x + i * size_, size_);
      if (!std::isfinite(square)) finite = false;
      factors[i] = cosine_ ? 1.0f / std::max(std::sqrt(square), 1e-12f) : 1.0f;
    }
    return finite;
  }

 private:
  int64_t count_, size_;
  const float* corpus_;
  bool cosine_;
  at::Tensor panels_, zeros_;
};

/// One sweep over the corpus for up to kQueriesASweep queries; false if it met a number that is not
/// finite.
bool sweep(const at::Tensor& queries, const at::Tensor& corpus, bool cosine, int64_t top_k,
           std::vector<Candidate>* results) {
  const int64_t count = queries.size(0), rows = corpus.size(0);
  const BlockScorer score(queries, corpus, cosine);
  Best all(count, top_k);
  std::mutex mutex;  // of `all`
  std::atomic<int64_t> next = 0;
  std::atomic<bool> finite = true;
  at::parallel_for(0, at::get_num_threads(), 1, [&](int64_t, int64_t) {
    Best best(count, top_k);
    std::vector<float> scores(static_cast<size_t>(kRowsABlock * count));
    float factors[kRowsABlock];
    for (int64_t first; finite && (first = next.fetch_add(kRowsABlock)) < rows;) {
      const int64_t block = std::min(kRowsABlock, rows - first);
      if (!score(first, block, scores.data(), factors)) finite = false;
      for (int64_t i = 0; i < block; ++i) {
        best.look_through(scores.data() + i * count, factors[i], first + i);
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

std::optional<Scan> scan(const at::Tensor& queries, const at::Tensor& corpus, bool cosine,
                         int64_t top_k) {
  // Where the lengths of both are finite, no sum of products overflows on its way.
  const int64_t size = queries.size(1);
  for (int64_t q = 0; q < queries.size(0); ++q) {
    if (!std::isfinite(square_norm(queries.const_data_ptr<float>() + q * size, size))) return {};
  }
  Scan result{std::vector<std::vector<Candidate>>(static_cast<size_t>(queries.size(0))), {}};
  if (corpus.size(0) == 0) return result;
  // One more than asked for: it could be equal to the last.
  const int64_t kept = top_k < corpus.size(0) ? top_k + 1 : corpus.size(0);
  for (int64_t first = 0; first < queries.size(0); first += kQueriesASweep) {
    const int64_t count = std::min(kQueriesASweep, queries.size(0) - first);
    if (!sweep(queries.narrow(0, first, count), corpus, cosine, kept, result.best.data() + first)) {
      return {};
    }
  }
  const auto equal = [](const Candidate& a, const Candidate& b) { return a.first == b.first; };
  for (size_t q = 0; q < result.best.size(); ++q) {
    auto& best = result.best[q];
    if (std::adjacent_find(best.begin(), best.end(), equal) != best.end()) {
      result.tied.push_back(static_cast<int64_t>(q));
    }
    best.resize(std::min(best.size(), static_cast<size_t>(top_k)));
  }
  return result;
}

void scan_scores(const at::Tensor& queries, const at::Tensor& corpus, bool cosine,
                 const at::Tensor& out) {
  const int64_t count = queries.size(0), rows = corpus.size(0);
  const BlockScorer score(queries, corpus, cosine);
  auto* values = out.data_ptr<float>();
  at::parallel_for(0, (rows + kRowsABlock - 1) / kRowsABlock, 1, [&](int64_t begin, int64_t end) {
    std::vector<float> scores(static_cast<size_t>(kRowsABlock * count));
    float factors[kRowsABlock];
    for (int64_t first = begin * kRowsABlock; first < std::min(end * kRowsABlock, rows);
         first += kRowsABlock) {
      const int64_t block = std::min(kRowsABlock, rows - first);
      score(first, block, scores.data(), factors);
      for (int64_t q = 0; q < count; ++q) {
        for (int64_t i = 0; i < block; ++i) {
          values[q * rows + first + i] = scores[static_cast<size_t>(i * count + q)] * factors[i];
        }
      }
    }
  });
}

}  // namespace sentence_transformers::util
