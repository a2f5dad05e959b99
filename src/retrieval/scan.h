// The best rows of a corpus for many queries in one sweep over it, by the own loops.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace sentence_transformers::util {

using Candidate = std::pair<double, int64_t>;  // score, corpus row

/// Are there loops for these [Q, D] and [N, D], and do they pay?
bool can_scan(const at::Tensor& queries, const at::Tensor& corpus);

struct Scan {
  std::vector<std::vector<Candidate>> best;  ///< each query's, best first
  /// Queries with equal scores among their best, or between the last of them and the next: which
  /// row comes first, or is in it at all, is not for the scan to say.
  std::vector<int64_t> tied;
};

/// Each query's top_k corpus rows by dot product, or with `cosine` by the cosine (queries then have
/// length 1). No score is kept but these: memory grows with Q * top_k alone. Nothing if a number is
/// not finite, or a row's length is not.
std::optional<Scan> scan(const at::Tensor& queries, const at::Tensor& corpus, bool cosine,
                         int64_t top_k);

/// The same scores to the last bit, all of them, into `out` [Q, N]. Equal rows have equal scores,
/// and a query's do not depend on the others.
void scan_scores(const at::Tensor& queries, const at::Tensor& corpus, bool cosine,
                 const at::Tensor& out);

}  // namespace sentence_transformers::util
