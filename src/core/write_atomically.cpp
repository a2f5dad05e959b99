// A new file written beside its target, flushed, and renamed into its place.
#include <fcntl.h>
#include <sentence_transformers/error.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <random>

#include "core/files.h"
#include "core/posix.h"

namespace sentence_transformers {
namespace {

namespace fs = std::filesystem;

/// Where a write to `path` lands: the end of its chain of symbolic links, which need not exist.
fs::path follow_links(const fs::path& path) {
  fs::path target = path;
  for (int links = 0; links < 40; ++links) {  // Linux's own limit
    std::error_code ignored;
    if (!fs::is_symlink(fs::symlink_status(target, ignored))) return target;
    target = target.parent_path() / fs::read_symlink(target, ignored);
  }
  throw Error("[write_atomically] " + path.string() + ": " + reason(ELOOP));
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

/// Does the name still lead to the open file, a regular one?
bool is_at(const FileDescriptor& file, const fs::path& path) {
  struct stat opened, named;
  return fstat(file.get(), &opened) == 0 && ::lstat(path.c_str(), &named) == 0 &&
         S_ISREG(named.st_mode) && opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

/// Takes the lock that tells a file in the making from one that a killed process left behind: the
/// system drops it with its process.
bool lock(const FileDescriptor& file) { return flock(file.get(), LOCK_EX | LOCK_NB) == 0; }

/// Removes the file, if nobody is writing it. Where the file system knows no locks, it stays.
void remove_leftover(const fs::path& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));
  // Only the lock's holder removes or renames the file, so that what is checked here stays true.
  if (file.get() >= 0 && lock(file) && is_at(file, path)) ::unlink(path.c_str());
}

/// A new file beside its target, removed again unless it took the target's place.
class TemporaryFile final : public FileWriter {
 public:
  explicit TemporaryFile(fs::path target) : target_(std::move(target)) {
    create();
    struct stat old;
    if (::stat(target_.c_str(), &old) == 0 && fchmod(file_.get(), old.st_mode & 0777) != 0) {
      const int error = errno;
      ::unlink(path_.c_str());
      throw failure(error);
    }
  }
  ~TemporaryFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }

  void write(const void* data, size_t size) override {
    const char* from = static_cast<const char*>(data);
    while (size > 0) {
      const ssize_t written = ::write(file_.get(), from, size);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) throw failure(errno);
      from += written;
      size -= static_cast<size_t>(written);
    }
  }

  void replace_target() {
    const FileDescriptor keeps_lock(dup(file_.get()));
    if (fsync(file_.get()) != 0 || file_.close() != 0) throw failure(errno);
    if (::rename(path_.c_str(), target_.c_str()) != 0) throw failure(errno);
    path_.clear();
    // The new file is in place; a file system that cannot flush a folder does not undo that.
    const FileDescriptor folder(
        ::open(folder_of(target_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.get() >= 0) (void)fsync(folder.get());
  }

 private:
  Error failure(int error) const {
    return Error("[write_atomically] " + target_.string() + ": cannot write: " + reason(error));
  }

  /// The same few names again and again, so that a killed process's files are found without
  /// searching the folder. The target's name is cut: it may be as long as the file system allows.
  fs::path name(const std::string& unique) const {
    return folder_of(target_) /
           ("." + target_.filename().string().substr(0, 200) + unique + ".tmp");
  }

  void create() {
    constexpr int kNames = 8;
    for (int i = 0; i < kNames; ++i) {
      const fs::path path = name("." + std::to_string(i));
      remove_leftover(path);
      if (path_.empty()) try_create(path);
    }
    std::random_device random;  // more writers at once than names
    for (int attempt = 0; path_.empty(); ++attempt) {
      char unique[24];
      std::snprintf(unique, sizeof unique, ".%08x%08x", random(), random());
      if (!try_create(name(unique)) && attempt == 100) throw failure(EEXIST);
    }
  }

  /// Makes the file if nothing has its name; mode 0666 less the process's umask, as any new file.
  bool try_create(const fs::path& path) {
    FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (file.get() < 0 && errno == EEXIST) return false;
    if (file.get() < 0) throw failure(errno);
    // Before it had its lock, another writer may have taken it for a leftover.
    const bool is_taken = !lock(file) && errno == EWOULDBLOCK;
    if (is_taken || !is_at(file, path)) {
      file.close();
      remove_leftover(path);
      return false;
    }
    path_ = path;
    file_ = std::move(file);
    return true;
  }

  fs::path target_, path_;
  FileDescriptor file_;
};

}  // namespace

void write_atomically(const fs::path& path, const std::function<void(FileWriter&)>& fill) {
  const fs::path target = follow_links(path);
  const std::string start = "[write_atomically] " + path.string() + ": ";
  if (!target.has_filename()) throw Error(start + "names no file");
  std::error_code ignored;
  const fs::path folder = folder_of(target);
  if (!fs::is_directory(folder, ignored)) {
    throw Error(start + "there is no folder " + folder.string());
  }
  // Renaming over a device such as /dev/null would replace it for everyone.
  const fs::file_status old = fs::status(target, ignored);
  if (fs::exists(old) && !fs::is_regular_file(old)) throw Error(start + "is no regular file");

  TemporaryFile file(target);
  fill(file);
  file.replace_target();
}

}  // namespace sentence_transformers
