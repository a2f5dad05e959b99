// A multi-vector encoder's folder, as this library, Python, PyLate or Stanford's ColBERT saved it.
#pragma once

#include <sentence_transformers/maxsim.h>

#include <filesystem>
#include <optional>

#include "model/model_files.h"

namespace sentence_transformers {

struct MultiVectorEncoderParts : ModelFolder {
  int64_t width = 0;  // of a token's embedding
  MultiVectorSimilarity similarity = MultiVectorSimilarity::maxsim;
};

/// Reads a folder that a MultiVectorEncoder, PyLate or ColBERT was saved to, or a
/// SentenceTransformer's with a Dense, which then works on tokens. Another one gets a new
/// projection to `new_dimension`; without that it is UnsupportedError.
MultiVectorEncoderParts read_multi_vector_encoder(const std::filesystem::path& folder,
                                                  std::optional<int64_t> new_dimension);

/// Writes what read_multi_vector_encoder reads, for this library and for Python. Throws Error where
/// the disk refuses.
void write_multi_vector_encoder(const MultiVectorEncoderParts& parts,
                                const std::filesystem::path& folder);

}  // namespace sentence_transformers
