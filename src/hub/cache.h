// One repository's part of a Hugging Face cache: where its files lie, and how they come there.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace sentence_transformers {

/// The folder models--OWNER--NAME of a cache: blobs/HASH, snapshots/COMMIT/PATH (links to blobs),
/// refs/REVISION (a commit), .no_exist/COMMIT/PATH, trees/COMMIT.json. Every error of the disk is
/// an Error that names the file.
class RepositoryCache {
 public:
  RepositoryCache(std::filesystem::path cache, const std::string& repository, bool symlinks);

  const std::filesystem::path& folder() const { return folder_; }
  const std::filesystem::path& cache() const { return cache_; }
  std::filesystem::path snapshot(const std::string& commit) const;
  std::filesystem::path tree(const std::string& commit) const;
  std::filesystem::path blob(const std::string& etag) const;
  std::filesystem::path lock(const std::string& etag) const;

  /// The commit that a revision is known to be: itself, or what its ref says.
  std::optional<std::string> commit(const std::string& revision) const;
  void set_commit(const std::string& revision, const std::string& commit) const;

  /// Is there a snapshot's file of this size?
  bool has(const std::string& commit, const std::string& path, uint64_t size) const;
  /// Did the Hub say that a commit has no such file?
  bool is_known_missing(const std::string& commit, const std::string& path) const;
  void mark_missing(const std::string& commit, const std::string& path) const;

  /// Makes the cache's folders and its tag for backup programs.
  void prepare() const;
  /// Puts a blob into a snapshot: as a relative link, or where there are none as the file itself,
  /// moved if it is new, else copied.
  void link(const std::string& commit, const std::string& path, const std::string& etag,
            bool is_new) const;

 private:
  std::filesystem::path cache_, folder_;
  bool symlinks_;
};

/// Makes a folder and those above it. Throws Error.
void make_folders(const std::filesystem::path& folder);

/// An flock on a file, which stays, as huggingface_hub takes it. Waits, but not once `stop` is
/// true. Where the file system has no locks there is none: whole files are checked and renamed
/// anyway.
class FileLock {
 public:
  FileLock(const std::filesystem::path& path, const std::atomic<bool>& stop);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int file_;
};

}  // namespace sentence_transformers
