// A sparse encoder's folder: its modules, prompts, and how many dimensions may be active.
#pragma once

#include <filesystem>
#include <optional>

#include "model/model_files.h"

namespace sentence_transformers {

struct SparseEncoderParts : ModelFolder {
  int64_t width = 0;  // of the embeddings
  SimilarityFunction similarity = SimilarityFunction::dot;
  std::optional<int64_t> max_active_dims;
};

/// Reads a folder that a SparseEncoder was saved to. As in Python, a SentenceTransformer's modules
/// get a SparseAutoEncoder with random weights behind them; a bare masked language model gets
/// SpladePooling by the maximum, another bare model mean pooling and a SparseAutoEncoder.
SparseEncoderParts read_sparse_encoder(const std::filesystem::path& folder);

/// Writes what read_sparse_encoder reads, for this library and for Python. Throws Error where the
/// disk refuses.
void write_sparse_encoder(const SparseEncoderParts& parts, const std::filesystem::path& folder);

}  // namespace sentence_transformers
