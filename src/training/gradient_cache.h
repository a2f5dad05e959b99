// The gradient cache (arXiv 2101.06983): a batch's loss in the memory of a mini-batch.
#pragma once

#include <sentence_transformers/loss.h>

namespace sentence_transformers {

/// loss.compute over texts that are embedded loss.mini_batch_size() at a time. Where gradients are
/// on, the loss's own backward runs here, up to the embeddings; the result's backward embeds each
/// mini-batch once more and carries their gradients into the model. `model` must live until then.
at::Tensor forward_with_gradient_cache(EmbeddingLoss& loss, const SentenceTransformer& model,
                                       const Batch& batch);

}  // namespace sentence_transformers
