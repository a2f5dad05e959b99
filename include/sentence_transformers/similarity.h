// How alike embeddings are. Python's names and results; half-precision inputs are scored in
// float32.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string_view>

#pragma GCC visibility push(default)
namespace sentence_transformers {

/// The similarity a model was trained for (`similarity_fn_name`).
enum class SimilarityFunction { cosine, dot, euclidean, manhattan };

/// "cosine" -> SimilarityFunction::cosine ("dot_product" is dot). Throws std::invalid_argument for
/// a name that is none.
SimilarityFunction parse_similarity_function(std::string_view name);
/// SimilarityFunction::cosine -> "cosine", ...
std::string_view to_string(SimilarityFunction function);

/// What works on embeddings, by the names of Python's `sentence_transformers.util`.
///
/// The `_sim` and `_score` functions compare every row of a with every row of b: [N, D] x [M, D] ->
/// [N, M] float32 (float64 where an input is). A 1-D input counts as one row. Autograd runs
/// through. They throw std::invalid_argument where the dimensions do not fit, or for integers where
/// a function needs floating numbers. Embeddings may be sparse, too (a SparseEncoder's): then there
/// is no autograd, cosines and dot products visit only what both rows have, and distances make
/// dense copies; pairwise_angle_sim takes none. Those called `pairwise_` compare row i of a with
/// row i of b: [N, D] x [N, D] -> [N]; a single row is compared with all.
namespace util {

/// Cosine of the angle between rows; a row of zeros has 0 with all.
at::Tensor cos_sim(const at::Tensor& a, const at::Tensor& b);
/// Dot product of rows. Integers (quantized embeddings) stay in their type and wrap around in it,
/// as in Python: convert them to float first.
at::Tensor dot_score(const at::Tensor& a, const at::Tensor& b);
/// Negative distance, so that larger is more alike.
at::Tensor euclidean_sim(const at::Tensor& a, const at::Tensor& b);
/// Negative L1 distance.
at::Tensor manhattan_sim(const at::Tensor& a, const at::Tensor& b);

/// cos_sim row by row: [N].
at::Tensor pairwise_cos_sim(const at::Tensor& a, const at::Tensor& b);
/// dot_score row by row: [N].
at::Tensor pairwise_dot_score(const at::Tensor& a, const at::Tensor& b);
/// euclidean_sim row by row: [N].
at::Tensor pairwise_euclidean_sim(const at::Tensor& a, const at::Tensor& b);
/// manhattan_sim row by row: [N].
at::Tensor pairwise_manhattan_sim(const at::Tensor& a, const at::Tensor& b);
/// The angle difference in complex space that AnglE (arXiv 2309.12871) trains with; an odd D counts
/// as one more, of zeros.
at::Tensor pairwise_angle_sim(const at::Tensor& a, const at::Tensor& b);

/// Rows scaled to length 1; a zero row stays zero. [N, D] -> [N, D], or [D] -> [D].
at::Tensor normalize_embeddings(const at::Tensor& embeddings);

/// The first `truncate_dim` dimensions, as a view. Throws std::invalid_argument outside [1, D].
at::Tensor truncate_embeddings(const at::Tensor& embeddings, int64_t truncate_dim);

/// [N, D] x [M, D] -> [N, M] (or [N] pairwise): one of the above or your own. Larger is more alike.
using ScoreFunction = std::function<at::Tensor(const at::Tensor& a, const at::Tensor& b)>;

/// The function for a similarity name: `scores(SimilarityFunction::cosine)` is cos_sim.
ScoreFunction scores(SimilarityFunction function);
/// The same row by row: `pairwise_scores(SimilarityFunction::cosine)` is pairwise_cos_sim.
ScoreFunction pairwise_scores(SimilarityFunction function);

}  // namespace util
}  // namespace sentence_transformers
#pragma GCC visibility pop
