// Sparse vectors row by row, and the COO tensors that callers see.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace sentence_transformers {

/// The entries of row i stand from starts[i] to below starts[i + 1], by rising column.
struct SparseRows {
  int64_t width = 0;
  std::vector<int64_t> starts = {0};
  std::vector<int32_t> columns = {};
  std::vector<float> values = {};

  int64_t rows() const { return static_cast<int64_t>(starts.size()) - 1; }
  int64_t entries(int64_t row) const { return starts[row + 1] - starts[row]; }
  /// Adds a row's entries that are not 0.
  void add_row(const float* row);

  /// Of a tensor [N, V], or [V] as one row, dense or sparse, of any type. Throws
  /// std::invalid_argument, begun by `function`, for another one.
  static SparseRows of(const at::Tensor& tensor, const std::string& function);
  /// [N, V], float32, coalesced.
  at::Tensor tensor() const;
};

/// A row of some rows.
struct SparseRow {
  const SparseRows* rows = nullptr;
  int64_t row = 0;
};
/// [N, width], float32, coalesced: rows of any, in this order.
at::Tensor sparse_tensor(const std::vector<SparseRow>& rows, int64_t width);

/// Dot products of all rows with all: [N, V] x [M, V] -> [N, M]; only entries that both have are
/// visited.
at::Tensor sparse_dot(const SparseRows& a, const SparseRows& b);

/// Dot products row by row: [N, V] x [N, V] -> [N]; a single row with all.
at::Tensor sparse_pairwise_dot(const SparseRows& a, const SparseRows& b);

/// Each row at length 1; rows of zeros stay.
SparseRows normalized(SparseRows rows);

}  // namespace sentence_transformers
