// A tokenizer's files, copied as they are when a model is saved.
#pragma once

#include <filesystem>

namespace sentence_transformers {

/// Writes the same bytes; a file is not copied onto itself.
void copy_whole(const std::filesystem::path& from, const std::filesystem::path& to);

/// Copies the files beside the weights that a tokenizer of any kind is made of. Throws Error where
/// the folder that they are in is gone.
void copy_tokenizer_files(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace sentence_transformers
