// The list of a repository's files at a commit: as the Hub gives it, and as huggingface_hub keeps
// it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace sentence_transformers {

struct TreeFile {
  uint64_t size = 0;
  std::string blob_id;                         ///< git's SHA-1, 40 digits
  std::optional<std::string> lfs_sha256 = {};  ///< of a large file, 64 digits
  std::optional<std::string> xet_hash = {};    ///< kept for Python, not used here

  /// The blob's name in the cache: the hash of its content.
  const std::string& etag() const { return lfs_sha256 ? *lfs_sha256 : blob_id; }
};

/// By path, as the repository has them.
using Tree = std::map<std::string, TreeFile>;

/// Adds a page of the Hub's answer. Throws LoadError, begun by `start`, for anything else than a
/// list of files and folders, for paths that leave the folder, and for hashes that are none.
void add_tree_page(const std::string& json, const std::string& start, Tree& tree);

/// huggingface_hub's trees/COMMIT.json; nothing where there is none that can be used.
std::optional<Tree> read_tree(const std::filesystem::path& file);

/// Written as huggingface_hub does. Throws Error if the disk refuses.
void write_tree(const std::filesystem::path& file, const Tree& tree);

}  // namespace sentence_transformers
