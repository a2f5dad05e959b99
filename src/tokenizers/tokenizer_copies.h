// A tokenizer's files, copied when a model is saved.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace sentence_transformers {

/// Writes the same bytes; a file is not copied onto itself.
void copy_whole(const std::filesystem::path& from, const std::filesystem::path& to);

/// Copies the files beside the weights that a tokenizer of any kind is made of. Throws Error where
/// the folder that they are in is gone.
void copy_tokenizer_files(const std::filesystem::path& from, const std::filesystem::path& to);

/// Has the copies in a folder list words, which the vocabulary has under these ids, as special
/// tokens that are looked for in the raw text.
void list_special_tokens(const std::filesystem::path& folder,
                         const std::map<std::string, int64_t>& words);

}  // namespace sentence_transformers
