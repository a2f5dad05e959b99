// Embeddings on disk. Files are written whole or not at all, and read by mapping: what was loaded
// keeps its numbers when another file is renamed to its name, as save_embeddings and save_npy do.
// Who writes into the file itself changes the loaded numbers, unnoticed, and who cuts it short ends
// the process (SIGBUS) where a missing one is read. clone() makes a tensor that no file can touch.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>
#include <vector>

#pragma GCC visibility push(default)
namespace sentence_transformers {

/// What a file of save_embeddings holds.
struct StoredEmbeddings {
  std::vector<std::string> sentences;  ///< N
  at::Tensor embeddings;  ///< [N, D], mapped from the file: it stays valid on its own, also after
                          ///< the file is replaced
};

/// Writes texts and their embeddings [N, D] (any precision) into one safetensors file: the tensor
/// "embeddings", and the sentences as a JSON array under the metadata key "sentences" (as a tensor
/// of that name, the JSON's bytes in uint8, if they take more than 48 MB; the format's header is
/// limited), with a checksum of both. An existing file is replaced only when the new one is
/// complete. Throws std::invalid_argument if the counts differ or a sentence is no valid UTF-8,
/// Error if the disk refuses.
void save_embeddings(const std::filesystem::path& path, const std::vector<std::string>& sentences,
                     const at::Tensor& embeddings);

/// Reads what save_embeddings wrote, or a file of the same layout without the checksum. Throws
/// LoadError for a missing or damaged file.
StoredEmbeddings load_embeddings(const std::filesystem::path& path);

/// Writes a tensor as NumPy's .npy (version 1.0, C order), replacing an existing file only when
/// complete. Throws Error if the disk refuses, std::invalid_argument for a type that NumPy lacks
/// (bfloat16).
void save_npy(const std::filesystem::path& path, const at::Tensor& array);

/// Reads a .npy file (version 1.0 or 2.0) by mapping. Throws LoadError for a missing or malformed
/// file, UnsupportedError for Fortran order or types other than little-endian float16 to float64,
/// int8 to int64, uint8 and bool. The format has no checksum: a changed number goes unnoticed.
at::Tensor load_npy(const std::filesystem::path& path);

}  // namespace sentence_transformers
#pragma GCC visibility pop
