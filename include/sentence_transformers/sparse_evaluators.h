// Evaluators of sparse encoders. Their constructors and metrics are those of their namesakes for
// SentenceTransformers; each adds how sparse the embeddings are: `active_dims`, the mean number of
// dimensions that are not 0, and `sparsity_ratio`, the share of the others.
#pragma once

#include <sentence_transformers/evaluator.h>
#include <sentence_transformers/loss_evaluators.h>
#include <sentence_transformers/retrieval_evaluators.h>
#include <sentence_transformers/sequential_evaluator.h>
#include <sentence_transformers/similarity_evaluators.h>
#include <sentence_transformers/sparse_encoder.h>

#pragma GCC visibility push(default)
namespace sentence_transformers {

/// Judges a SparseEncoder.
using SparseEncoderEvaluator = Evaluator<SparseEncoder>;

/// Adds `active_dims` and `sparsity_ratio` of all texts.
using SparseEmbeddingSimilarityEvaluator = BasicEmbeddingSimilarityEvaluator<SparseEncoder>;
/// Adds `active_dims` and `sparsity_ratio` of the texts, each once.
using SparseBinaryClassificationEvaluator = BasicBinaryClassificationEvaluator<SparseEncoder>;
/// Adds `anchor_active_dims`, `anchor_sparsity_ratio`, and those of `positive_` and `negative_`.
using SparseTripletEvaluator = BasicTripletEvaluator<SparseEncoder>;
/// Adds `active_dims` and `sparsity_ratio` of both sides' texts.
using SparseTranslationEvaluator = BasicTranslationEvaluator<SparseEncoder>;
/// Adds `active_dims` and `sparsity_ratio` of the model's embeddings.
using SparseMSEEvaluator = BasicMSEEvaluator<SparseEncoder>;
/// Adds `query_active_dims`, `query_sparsity_ratio`, those of `corpus_`, and `avg_flops`: how many
/// dimensions a query and a document share on average.
using SparseInformationRetrievalEvaluator = BasicInformationRetrievalEvaluator<SparseEncoder>;
/// Adds `query_active_dims`, `query_sparsity_ratio`, and those of `corpus_`.
using SparseRerankingEvaluator = BasicRerankingEvaluator<SparseEncoder>;
/// Several evaluators of a SparseEncoder.
using SparseEncoderSequentialEvaluator = BasicSequentialEvaluator<SparseEncoder>;

extern template class BasicEmbeddingSimilarityEvaluator<SparseEncoder>;
extern template class BasicBinaryClassificationEvaluator<SparseEncoder>;
extern template class BasicTripletEvaluator<SparseEncoder>;
extern template class BasicTranslationEvaluator<SparseEncoder>;
extern template class BasicMSEEvaluator<SparseEncoder>;
extern template class BasicInformationRetrievalEvaluator<SparseEncoder>;
extern template class BasicRerankingEvaluator<SparseEncoder>;
extern template class BasicSequentialEvaluator<SparseEncoder>;

}  // namespace sentence_transformers
#pragma GCC visibility pop
