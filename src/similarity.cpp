// Port of sentence_transformers/util/similarity.py (6.2.0). Autograd runs through dense tensors.
#include <ATen/ATen.h>
#include <sentence_transformers/similarity.h>

#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

#include "core/sparse_rows.h"

namespace sentence_transformers {
namespace {

std::string shape_text(const at::Tensor& tensor) {
  std::ostringstream text;
  text << tensor.sizes();
  return text.str();
}

/// Dense numbers of one or two dimensions; half precision in float32, where scores do not tie.
at::Tensor checked(const at::Tensor& tensor, const char* function, bool floating) {
  const std::string start = std::string("[") + function + "] ";
  if (!tensor.defined() || tensor.layout() != at::kStrided || tensor.dim() < 1 ||
      tensor.dim() > 2) {
    throw std::invalid_argument(start + "expected dense embeddings [N, D] or [D], found " +
                                (tensor.defined() ? shape_text(tensor) : "no tensor"));
  }
  if (tensor.is_complex() || tensor.scalar_type() == at::kBool ||
      (floating && !tensor.is_floating_point())) {
    throw std::invalid_argument(start + "expected " + (floating ? "floating " : "") +
                                "numbers, found " + c10::toString(tensor.scalar_type()));
  }
  return tensor.is_floating_point() && tensor.element_size() < 4 ? tensor.to(at::kFloat) : tensor;
}

using Operands = std::pair<at::Tensor, at::Tensor>;

/// [N, D] and [M, D] of one type.
Operands matrices(const at::Tensor& a, const at::Tensor& b, const char* function, bool floating) {
  at::Tensor x = at::atleast_2d(checked(a, function, floating));
  at::Tensor y = at::atleast_2d(checked(b, function, floating));
  if (x.size(1) != y.size(1)) {
    throw std::invalid_argument(std::string("[") + function +
                                "] expected embeddings of the same length, found " + shape_text(a) +
                                " and " + shape_text(b));
  }
  const at::ScalarType type = at::promote_types(x.scalar_type(), y.scalar_type());
  return {x.to(type), y.to(type)};
}

/// [N, D] and [N, D], or one of them a single row for all.
Operands rows(const at::Tensor& a, const at::Tensor& b, const char* function, bool floating) {
  at::Tensor x = checked(a, function, floating), y = checked(b, function, floating);
  const auto count = [](const at::Tensor& t) { return t.dim() == 2 ? t.size(0) : 1; };
  if (x.size(-1) != y.size(-1) || (count(x) != count(y) && count(x) != 1 && count(y) != 1)) {
    throw std::invalid_argument(std::string("[") + function +
                                "] expected as many embeddings of the same length, found " +
                                shape_text(a) + " and " + shape_text(b));
  }
  return {std::move(x), std::move(y)};
}

bool is_sparse(const at::Tensor& a, const at::Tensor& b) {
  return (a.defined() && a.is_sparse()) || (b.defined() && b.is_sparse());
}

at::Tensor dense(const at::Tensor& tensor) {
  return tensor.defined() && tensor.is_sparse() ? tensor.to_dense() : tensor;
}

using SparseOperands = std::pair<SparseRows, SparseRows>;

/// [N, D] and [M, D], one of them sparse at least.
SparseOperands sparse_matrices(const at::Tensor& a, const at::Tensor& b, const char* function) {
  SparseOperands rows{SparseRows::of(a, function), SparseRows::of(b, function)};
  if (rows.first.width == rows.second.width) return rows;
  throw std::invalid_argument(std::string("[") + function +
                              "] expected embeddings of the same length, found " + shape_text(a) +
                              " and " + shape_text(b));
}

/// The same with as many rows, or one of them a single row for all.
SparseOperands sparse_pairs(const at::Tensor& a, const at::Tensor& b, const char* function) {
  SparseOperands pairs = sparse_matrices(a, b, function);
  const int64_t n = pairs.first.rows(), m = pairs.second.rows();
  if (n == m || n == 1 || m == 1) return pairs;
  throw std::invalid_argument(std::string("[") + function +
                              "] expected as many embeddings of the same length, found " +
                              shape_text(a) + " and " + shape_text(b));
}

/// Rows to length 1; 1e-12 is torch.nn.functional.normalize's.
at::Tensor unit(const at::Tensor& x) {
  return x / at::linalg_vector_norm(x, 2, at::IntArrayRef{-1}, true).clamp_min(1e-12);
}

}  // namespace

SimilarityFunction parse_similarity_function(std::string_view name) {
  if (name == "cosine") return SimilarityFunction::cosine;
  if (name == "dot" || name == "dot_product") return SimilarityFunction::dot;
  if (name == "euclidean") return SimilarityFunction::euclidean;
  if (name == "manhattan") return SimilarityFunction::manhattan;
  throw std::invalid_argument("[parse_similarity_function] \"" + std::string(name) +
                              "\" is unknown; known: cosine, dot, euclidean, manhattan");
}

std::string_view to_string(SimilarityFunction function) {
  switch (function) {
    case SimilarityFunction::cosine:
      return "cosine";
    case SimilarityFunction::dot:
      return "dot";
    case SimilarityFunction::euclidean:
      return "euclidean";
    case SimilarityFunction::manhattan:
      return "manhattan";
  }
  throw std::invalid_argument("[to_string] no similarity function");
}

namespace util {

at::Tensor cos_sim(const at::Tensor& a, const at::Tensor& b) {
  if (is_sparse(a, b)) {
    auto [x, y] = sparse_matrices(a, b, "cos_sim");
    return sparse_dot(normalized(std::move(x)), normalized(std::move(y)));
  }
  const auto [x, y] = matrices(a, b, "cos_sim", true);
  return at::mm(unit(x), unit(y).t());
}

at::Tensor dot_score(const at::Tensor& a, const at::Tensor& b) {
  if (is_sparse(a, b)) {
    const auto [x, y] = sparse_matrices(a, b, "dot_score");
    return sparse_dot(x, y);
  }
  const auto [x, y] = matrices(a, b, "dot_score", false);
  return at::mm(x, y.t());
}

at::Tensor euclidean_sim(const at::Tensor& a, const at::Tensor& b) {
  const auto [x, y] = matrices(dense(a), dense(b), "euclidean_sim", true);
  return -at::cdist(x, y, 2.0);
}

at::Tensor manhattan_sim(const at::Tensor& a, const at::Tensor& b) {
  const auto [x, y] = matrices(dense(a), dense(b), "manhattan_sim", true);
  return -at::cdist(x, y, 1.0);
}

at::Tensor pairwise_cos_sim(const at::Tensor& a, const at::Tensor& b) {
  if (is_sparse(a, b)) {
    auto [x, y] = sparse_pairs(a, b, "pairwise_cos_sim");
    return sparse_pairwise_dot(normalized(std::move(x)), normalized(std::move(y)));
  }
  const auto [x, y] = rows(a, b, "pairwise_cos_sim", true);
  return (unit(x) * unit(y)).sum(-1);
}

at::Tensor pairwise_dot_score(const at::Tensor& a, const at::Tensor& b) {
  if (is_sparse(a, b)) {
    const auto [x, y] = sparse_pairs(a, b, "pairwise_dot_score");
    return sparse_pairwise_dot(x, y);
  }
  const auto [x, y] = rows(a, b, "pairwise_dot_score", false);
  return (x * y).sum(-1);
}

at::Tensor pairwise_euclidean_sim(const at::Tensor& a, const at::Tensor& b) {
  const auto [x, y] = rows(dense(a), dense(b), "pairwise_euclidean_sim", false);
  const at::Tensor difference = x - y;
  if (!difference.is_floating_point()) return -difference.square().sum(-1).to(at::kFloat).sqrt();
  return -at::linalg_vector_norm(difference, 2, at::IntArrayRef{-1});
}

at::Tensor pairwise_manhattan_sim(const at::Tensor& a, const at::Tensor& b) {
  const auto [x, y] = rows(dense(a), dense(b), "pairwise_manhattan_sim", false);
  return -(x - y).abs().sum(-1);
}

at::Tensor pairwise_angle_sim(const at::Tensor& a, const at::Tensor& b) {
  auto [x, y] = rows(at::atleast_2d(a), at::atleast_2d(b), "pairwise_angle_sim", true);
  if (x.size(1) % 2 != 0) {
    x = at::constant_pad_nd(x, {0, 1});
    y = at::constant_pad_nd(y, {0, 1});
  }
  x = unit(x);
  y = unit(y);
  // The complex product of the halves, as cosine plus sine.
  const at::Tensor cosines = (x * y).sum(1);
  const auto real_x = x.chunk(2, 1), real_y = y.chunk(2, 1);
  const at::Tensor sines = (real_x[1] * real_y[0] - real_x[0] * real_y[1]).sum(1);
  return (cosines + sines).abs();
}

at::Tensor normalize_embeddings(const at::Tensor& embeddings) {
  // In half precision 1e-12 is 0, and a zero row would become NaN.
  return unit(checked(embeddings, "normalize_embeddings", true)).to(embeddings.scalar_type());
}

at::Tensor truncate_embeddings(const at::Tensor& embeddings, int64_t truncate_dim) {
  if (!embeddings.defined() || embeddings.dim() < 1) {
    throw std::invalid_argument("[truncate_embeddings] expected embeddings [N, D] or [D]");
  }
  if (truncate_dim < 1 || truncate_dim > embeddings.size(-1)) {
    throw std::invalid_argument("[truncate_embeddings] expected a truncate_dim from 1 to " +
                                std::to_string(embeddings.size(-1)) + ", found " +
                                std::to_string(truncate_dim));
  }
  return embeddings.narrow(-1, 0, truncate_dim);
}

ScoreFunction scores(SimilarityFunction function) {
  switch (function) {
    case SimilarityFunction::cosine:
      return cos_sim;
    case SimilarityFunction::dot:
      return dot_score;
    case SimilarityFunction::euclidean:
      return euclidean_sim;
    case SimilarityFunction::manhattan:
      return manhattan_sim;
  }
  throw std::invalid_argument("[scores] no similarity function");
}

ScoreFunction pairwise_scores(SimilarityFunction function) {
  switch (function) {
    case SimilarityFunction::cosine:
      return pairwise_cos_sim;
    case SimilarityFunction::dot:
      return pairwise_dot_score;
    case SimilarityFunction::euclidean:
      return pairwise_euclidean_sim;
    case SimilarityFunction::manhattan:
      return pairwise_manhattan_sim;
  }
  throw std::invalid_argument("[pairwise_scores] no similarity function");
}

}  // namespace util
}  // namespace sentence_transformers
