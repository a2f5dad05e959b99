#include "core/sparse_rows.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace sentence_transformers {

void SparseRows::add_row(const float* row) {
  for (int64_t column = 0; column < width; ++column) {
    if (row[column] == 0) continue;
    columns.push_back(static_cast<int32_t>(column));
    values.push_back(row[column]);
  }
  starts.push_back(static_cast<int64_t>(columns.size()));
}

SparseRows SparseRows::of(const at::Tensor& tensor, const std::string& function) {
  if (!tensor.defined() || tensor.dim() < 1 || tensor.dim() > 2) {
    throw std::invalid_argument(
        "[" + function + "] expected embeddings [N, V] or [V], found " +
        (tensor.defined() ? std::to_string(tensor.dim()) + " dimensions" : "no tensor"));
  }
  SparseRows result;
  result.width = tensor.size(-1);
  const int64_t rows = tensor.dim() == 1 ? 1 : tensor.size(0);
  if (!tensor.is_sparse()) {
    const at::Tensor dense = tensor.detach().to(at::kCPU, at::kFloat).contiguous();
    for (int64_t i = 0; i < rows; ++i) {
      result.add_row(dense.const_data_ptr<float>() + i * result.width);
    }
    return result;
  }
  const at::Tensor sparse = tensor.detach().cpu().coalesce();
  const at::Tensor indices = sparse.indices().contiguous();  // [1 or 2, entries]
  const at::Tensor values = sparse.values().to(at::kFloat).contiguous();
  const int64_t entries = values.size(0);
  const auto* places = indices.const_data_ptr<int64_t>();
  const int64_t* columns = places + (tensor.dim() - 1) * entries;
  result.columns.assign(columns, columns + entries);
  result.values.assign(values.const_data_ptr<float>(), values.const_data_ptr<float>() + entries);
  int64_t at = 0;
  for (int64_t i = 0; i < rows; ++i) {
    while (at < entries && (tensor.dim() == 1 || places[at] == i)) ++at;
    result.starts.push_back(at);
  }
  return result;
}

at::Tensor SparseRows::tensor() const {
  std::vector<SparseRow> all;
  for (int64_t i = 0; i < rows(); ++i) all.push_back({this, i});
  return sparse_tensor(all, width);
}

at::Tensor sparse_tensor(const std::vector<SparseRow>& rows, int64_t width) {
  int64_t entries = 0;
  for (const auto& [from, row] : rows) entries += from->entries(row);
  const at::Tensor indices = at::empty({2, entries}, at::kLong);
  const at::Tensor values = at::empty({entries}, at::kFloat);
  auto* row_number = indices.data_ptr<int64_t>();
  int64_t* column = row_number + entries;
  auto* value = values.data_ptr<float>();
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto& [from, row] = rows[i];
    const int64_t begin = from->starts[row], count = from->entries(row);
    row_number = std::fill_n(row_number, count, static_cast<int64_t>(i));
    column = std::copy_n(from->columns.begin() + begin, count, column);
    value = std::copy_n(from->values.begin() + begin, count, value);
  }
  return at::_sparse_coo_tensor_unsafe(indices, values, {static_cast<int64_t>(rows.size()), width},
                                       at::TensorOptions().dtype(at::kFloat), true);
}

at::Tensor sparse_dot(const SparseRows& a, const SparseRows& b) {
  // b by its columns: which rows have an entry there.
  std::vector<int64_t> starts(static_cast<size_t>(b.width) + 1, 0), rows(b.columns.size());
  std::vector<float> values(b.columns.size());
  for (const int64_t column : b.columns) ++starts[column + 1];
  for (int64_t c = 0; c < b.width; ++c) starts[c + 1] += starts[c];
  std::vector<int64_t> next(starts.begin(), starts.end() - 1);
  for (int64_t row = 0; row < b.rows(); ++row) {
    for (int64_t i = b.starts[row]; i < b.starts[row + 1]; ++i) {
      const int64_t at = next[b.columns[i]]++;
      rows[at] = row;
      values[at] = b.values[i];
    }
  }
  at::Tensor result = at::zeros({a.rows(), b.rows()}, at::kFloat);
  auto* scores = result.data_ptr<float>();
  at::parallel_for(0, a.rows(), 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      float* out = scores + row * b.rows();
      for (int64_t i = a.starts[row]; i < a.starts[row + 1]; ++i) {
        const int64_t column = a.columns[i];
        for (int64_t at = starts[column]; at < starts[column + 1]; ++at) {
          out[rows[at]] += a.values[i] * values[at];
        }
      }
    }
  });
  return result;
}

at::Tensor sparse_pairwise_dot(const SparseRows& a, const SparseRows& b) {
  const int64_t rows = a.rows() == 1 ? b.rows() : a.rows();
  at::Tensor result = at::empty({rows}, at::kFloat);
  for (int64_t row = 0; row < rows; ++row) {
    const int64_t of_a = a.rows() == 1 ? 0 : row, of_b = b.rows() == 1 ? 0 : row;
    float sum = 0;
    int64_t j = b.starts[of_b];
    const int64_t end = b.starts[of_b + 1];
    for (int64_t i = a.starts[of_a]; i < a.starts[of_a + 1]; ++i) {
      while (j < end && b.columns[j] < a.columns[i]) ++j;
      if (j < end && b.columns[j] == a.columns[i]) sum += a.values[i] * b.values[j];
    }
    result.data_ptr<float>()[row] = sum;
  }
  return result;
}

SparseRows normalized(SparseRows rows) {
  for (int64_t row = 0; row < rows.rows(); ++row) {
    double squares = 0;
    for (int64_t i = rows.starts[row]; i < rows.starts[row + 1]; ++i) {
      squares += double{rows.values[i]} * rows.values[i];
    }
    const double length = std::max(std::sqrt(squares), 1e-12);
    for (int64_t i = rows.starts[row]; i < rows.starts[row + 1]; ++i) {
      rows.values[i] = static_cast<float>(rows.values[i] / length);
    }
  }
  return rows;
}

}  // namespace sentence_transformers
