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

/// Each query's top_k corpus rows by dot product, or with `cosine` by the cosine (queries then have
/// length 1), best first; equal scores by falling row. No score is kept but these: memory grows
/// with Q * top_k alone. Nothing if a number is not finite: then there is no order to speak of.
std::optional<std::vector<std::vector<Candidate>>> scan(const at::Tensor& queries,
                                                        const at::Tensor& corpus, bool cosine,
                                                        int64_t top_k);

}  // namespace sentence_transformers::util
