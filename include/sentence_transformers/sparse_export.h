// Sparse embeddings as search engines index them. All files are written whole or not at all, in the
// memory of the documents that are given at a time.
#pragma once

#include <ATen/core/Tensor.h>
#include <sentence_transformers/sparse_encoder.h>
#include <sentence_transformers/tokenizer.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#pragma GCC visibility push(default)
namespace sentence_transformers {

/// Some documents of a collection.
struct SparseDocuments {
  std::vector<std::string> ids;  ///< N
  at::Tensor embeddings;         ///< [N, V], sparse or dense
};

/// Gives the next documents, as many as it likes, and nothing at the end. All have the same V.
using NextDocuments = std::function<std::optional<SparseDocuments>()>;

/// encode_document of texts, chunk_size at a time. The model must outlive the result. Throws
/// std::invalid_argument unless there is an id for each text, or for a chunk_size below 1.
NextDocuments encoded_documents(const SparseEncoder& model, std::vector<std::string> ids,
                                std::vector<std::string> texts,
                                const SparseEncodeOptions& options = {},
                                int64_t chunk_size = 10'000);

// `tokens`, which may be null, names dimensions by the vocabulary's tokens; else their numbers do,
// as for the latents of a SparseAutoEncoder. The functions throw std::invalid_argument where `next`
// gives another number of ids than of rows, a weight that is not finite, or a dimension that
// `tokens` does not have, and Error where the disk refuses.

/// For an impact index of Lucene by Anserini or Pyserini (`-collection JsonVectorCollection -impact
/// -pretokenized`): JSON lines {"id": "d1", "contents": "", "vector": {"dog": 153, ...}}. Impacts
/// are whole numbers: weights times the factor, rounded; those below 1 are left out. 100 is what
/// the published SPLADE indexes have. A query's weights go through the same. Format: Anserini's
/// io.anserini.collection.JsonVectorCollection.
void write_impact_documents(const std::filesystem::path& path, const NextDocuments& next,
                            const Tokenizer* tokens, double quantization_factor = 100);

/// For Qdrant: JSON lines {"id": 0, "vector": {"text": {"indices": [2003, ...], "values": [1.5,
/// ...]}}, "payload": {"id": "d1"}}, each one element of "points" in a PUT of
/// /collections/NAME/points. Points are numbered, as Qdrant takes whole numbers or UUIDs; the
/// document's id is in the payload. Format: qdrant.tech/documentation/manage-data/vectors, sparse
/// vectors. `vector_name`: under which the collection has sparse_vectors.
void write_qdrant_points(const std::filesystem::path& path, const NextDocuments& next,
                         const std::string& vector_name = "text");

/// An inverted list, by rising dimension: JSON lines {"token": "dog", "postings": [["d1", 1.5],
/// ...]}, documents in the order in which they came. Postings beyond `memory` bytes are sorted in
/// parts and mapped from passing files beside `path`; the ids stay in memory.
void write_inverted_list(const std::filesystem::path& path, const NextDocuments& next,
                         const Tokenizer* tokens, size_t memory = size_t{1} << 28);

}  // namespace sentence_transformers
#pragma GCC visibility pop
