// How alike texts are that have a vector for each token: late interaction, as in ColBERT.
#pragma once

#include <ATen/core/Tensor.h>

#include <string_view>
#include <vector>

#pragma GCC visibility push(default)
namespace sentence_transformers {

/// The similarity that a MultiVectorEncoder was trained for (`similarity_fn_name`).
enum class MultiVectorSimilarity { maxsim, meanmaxsim };

/// MultiVectorSimilarity::maxsim -> "maxsim", ...
std::string_view to_string(MultiVectorSimilarity function);

/// What a document without tokens scores: less than any other, and finite, as in Python.
inline constexpr float kScoreWithoutTokens = -1e9F;

namespace util {

/// N queries [Q_i, D] and M documents [T_j, D] -> [N, M] float32: of each token of a query the
/// largest dot product with a token of the document, summed over the query's tokens (ColBERT, arXiv
/// 2004.12832; sentence-transformers 6.2's util/similarity.py). A document without tokens scores
/// kScoreWithoutTokens. On the CPU nothing is padded: each document's rows are read where they are.
/// Autograd runs through. Throws std::invalid_argument for tensors of other shapes, or rows that
/// differ in length.
at::Tensor maxsim(const std::vector<at::Tensor>& queries, const std::vector<at::Tensor>& documents);
/// Query i and document i -> [N]. Throws as maxsim, and for different numbers of them.
at::Tensor maxsim_pairwise(const std::vector<at::Tensor>& queries,
                           const std::vector<at::Tensor>& documents);
/// maxsim divided by the query's number of tokens, or by 1 if it has none.
at::Tensor mean_maxsim(const std::vector<at::Tensor>& queries,
                       const std::vector<at::Tensor>& documents);
/// maxsim_pairwise divided so.
at::Tensor mean_maxsim_pairwise(const std::vector<at::Tensor>& queries,
                                const std::vector<at::Tensor>& documents);

}  // namespace util
}  // namespace sentence_transformers
#pragma GCC visibility pop
