#include "hub/cache.h"

#include <fcntl.h>
#include <sentence_transformers/error.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <system_error>
#include <thread>

#include "core/files.h"
#include "hub/hash.h"
#include "hub/names.h"

namespace sentence_transformers {
namespace {

constexpr size_t kLongestCommit = 4096;  // a hash has 40 characters

namespace fs = std::filesystem;

// What huggingface_hub writes, so that backups skip the cache whoever made it.
constexpr const char* kTag =
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# This file is a cache directory tag created by huggingface_hub.\n"
    "# For information about cache directory tags, see:\n"
    "#\thttps://bford.info/cachedir/\n";

Error failure(const fs::path& path, const std::error_code& error) {
  return Error("[download] " + path.string() + ": " + error.message());
}

std::error_code last_error() { return {errno, std::generic_category()}; }

void write_whole(const fs::path& path, const std::string& content) {
  write_atomically(path, [&](FileWriter& out) { out.write(content.data(), content.size()); });
}

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

/// Copied beside its place and renamed, so that nobody sees a part of it.
void copy_blob(const fs::path& blob, const fs::path& target) {
  const auto content = MappedFile::open(blob);
  write_atomically(target, [&](FileWriter& out) { out.write(content->data(), content->size()); });
}

}  // namespace

RepositoryCache::RepositoryCache(fs::path cache, const std::string& repository, bool symlinks)
    : cache_(std::move(cache)), symlinks_(symlinks) {
  std::string flat = "models--" + repository;
  if (const size_t slash = flat.find('/'); slash != flat.npos) flat.replace(slash, 1, "--");
  folder_ = cache_ / flat;
}

fs::path RepositoryCache::snapshot(const std::string& commit) const {
  return folder_ / "snapshots" / commit;
}
fs::path RepositoryCache::tree(const std::string& commit) const {
  return folder_ / "trees" / (commit + ".json");
}
fs::path RepositoryCache::blob(const std::string& etag) const { return folder_ / "blobs" / etag; }
fs::path RepositoryCache::lock(const std::string& etag) const {
  return cache_ / ".locks" / folder_.filename() / (etag + ".lock");
}

std::optional<std::string> RepositoryCache::commit(const std::string& revision) const {
  if (is_hexadecimal(revision, 40)) return revision;
  const fs::path reference = folder_ / "refs" / revision;
  std::error_code error;
  if (!fs::is_regular_file(reference, error)) return std::nullopt;
  std::string commit = read_file(reference, kLongestCommit);
  commit.erase(commit.find_last_not_of(" \r\n") + 1);
  return is_safe_path(commit) && commit.find('/') == commit.npos ? std::optional(commit)
                                                                 : std::nullopt;
}

void RepositoryCache::set_commit(const std::string& revision, const std::string& commit) const {
  if (revision == commit || this->commit(revision) == commit) return;
  const fs::path reference = folder_ / "refs" / revision;
  make_folders(reference.parent_path());
  write_whole(reference, commit);
}

bool RepositoryCache::has(const std::string& commit, const std::string& path, uint64_t size) const {
  const fs::path file = snapshot(commit) / path;
  std::error_code error;
  return fs::is_regular_file(file, error) && fs::file_size(file, error) == size && !error;
}

bool RepositoryCache::is_known_missing(const std::string& commit, const std::string& path) const {
  return is_there(folder_ / ".no_exist" / commit / path);
}

void RepositoryCache::mark_missing(const std::string& commit, const std::string& path) const {
  const fs::path mark = folder_ / ".no_exist" / commit / path;
  if (is_there(mark)) return;
  make_folders(mark.parent_path());
  const int file = ::open(mark.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  if (file < 0) throw failure(mark, last_error());
  ::close(file);
}

void RepositoryCache::prepare() const {
  make_folders(folder_ / "blobs");
  make_folders(lock("").parent_path());
  if (!is_there(cache_ / "CACHEDIR.TAG")) write_whole(cache_ / "CACHEDIR.TAG", kTag);
}

void RepositoryCache::link(const std::string& commit, const std::string& path,
                           const std::string& etag, bool is_new) const {
  const fs::path target = snapshot(commit) / path;
  make_folders(target.parent_path());
  std::error_code error;
  fs::remove(target, error);  // a broken link, or a file of another size
  if (symlinks_) {
    fs::path up = "../..";
    for (const char c : path) {
      if (c == '/') up /= "..";
    }
    fs::create_symlink(up / "blobs" / etag, target, error);
    if (!error || is_there(target)) return;  // another process may have been faster
  }
  // A blob that is a link itself belongs to huggingface_hub's shared store and stays there.
  if (is_new && !fs::is_symlink(fs::symlink_status(blob(etag), error))) {
    fs::rename(blob(etag), target, error);
    if (error) throw failure(target, error);
  } else {
    copy_blob(blob(etag), target);
  }
}

void make_folders(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw failure(folder, error);
}

FileLock::FileLock(const fs::path& path, const std::atomic<bool>& stop) {
  make_folders(path.parent_path());
  file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0664);
  if (file_ < 0) throw failure(path, last_error());
  while (::flock(file_, LOCK_EX | LOCK_NB) != 0 && (errno == EWOULDBLOCK || errno == EINTR)) {
    if (stop) {
      ::close(file_);
      throw Error("[download] " + path.string() + ": stopped");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

FileLock::~FileLock() { ::close(file_); }

}  // namespace sentence_transformers
