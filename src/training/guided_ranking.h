// GISTEmbedLoss once the guide has spoken.
#pragma once

#include <sentence_transformers/ranking_losses.h>

#include <vector>

namespace sentence_transformers {

/// embeddings: anchor, positive and perhaps negative, [N, D] each; guided: the guide's, [N, G]
/// each. Candidates that the guide finds closer to the anchor than the positive (by the margin) are
/// no negatives.
at::Tensor guided_ranking_loss(const std::vector<at::Tensor>& embeddings,
                               const std::vector<at::Tensor>& guided,
                               const GISTEmbedOptions& options);

/// Cosine similarities [N, G], [M, G] -> [N, M], where equal rows give equal numbers to the bit: a
/// text that is there twice must not be a false negative by rounding alone.
at::Tensor guide_similarities(const at::Tensor& a, const at::Tensor& b);

}  // namespace sentence_transformers
