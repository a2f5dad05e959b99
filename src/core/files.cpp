// POSIX files: reading, private mappings, and writing beside the target with a rename at the end.
#include "core/files.h"

#include <fcntl.h>
#include <sentence_transformers/error.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <random>
#include <system_error>
#include <utility>

namespace sentence_transformers {
namespace {

namespace fs = std::filesystem;

std::string reason(int error) { return std::generic_category().message(error); }

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;

  int get() const { return fd_; }
  /// Some file systems report a failed write only now.
  int close() { return ::close(std::exchange(fd_, -1)); }

 private:
  int fd_;
};

/// Opens a regular file for reading and tells its size; anything else (a folder, a pipe) throws.
size_t open_regular(const fs::path& path, const std::string& function, FileDescriptor& file) {
  if (file.get() < 0) {
    throw LoadError("[" + function + "] " + path.string() + ": " + reason(errno));
  }
  struct stat status;
  if (fstat(file.get(), &status) != 0) {
    throw LoadError("[" + function + "] " + path.string() + ": " + reason(errno));
  }
  if (!S_ISREG(status.st_mode)) {
    throw LoadError("[" + function + "] " + path.string() + ": expected a regular file, found a " +
                    (S_ISDIR(status.st_mode) ? "folder" : "device, pipe or socket"));
  }
  return static_cast<size_t>(status.st_size);
}

/// O_NONBLOCK: a pipe must not keep us waiting before it is refused.
int open_for_reading(const fs::path& path) {
  return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

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

/// A new file beside its target, removed again unless it took the target's place.
class TemporaryFile final : public FileWriter {
 public:
  explicit TemporaryFile(fs::path target) : target_(std::move(target)), file_(create()) {
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
    if (fsync(file_.get()) != 0 || file_.close() != 0) throw failure(errno);
    if (::rename(path_.c_str(), target_.c_str()) != 0) throw failure(errno);
    path_.clear();
    // The new file is in place; a file system that cannot flush a folder does not undo that.
    FileDescriptor folder(::open(folder_of(target_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.get() >= 0) (void)fsync(folder.get());
  }

  static fs::path folder_of(const fs::path& path) {
    return path.has_parent_path() ? path.parent_path() : fs::path(".");
  }

 private:
  Error failure(int error) const {
    return Error("[write_atomically] " + target_.string() + ": cannot write: " + reason(error));
  }

  /// Mode 0666 less the process's umask, as any new file.
  int create() {
    std::random_device random;
    for (int attempt = 0;; ++attempt) {
      char unique[24];
      std::snprintf(unique, sizeof unique, ".%08x%08x.tmp", random(), random());
      // Cut, for the target's name may be as long as the file system allows.
      path_ = folder_of(target_) / ("." + target_.filename().string().substr(0, 200) + unique);
      const int fd = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      if (fd >= 0) return fd;
      if (errno != EEXIST || attempt == 100) throw failure(errno);
    }
  }

  fs::path target_, path_;
  FileDescriptor file_;
};

}  // namespace

std::string read_file(const fs::path& path) {
  FileDescriptor file(open_for_reading(path));
  std::string text(open_regular(path, "read_file", file) + 1, '\0');
  size_t used = 0;
  for (;;) {
    const ssize_t count = ::read(file.get(), text.data() + used, text.size() - used);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw LoadError("[read_file] " + path.string() + ": " + reason(errno));
    if (count == 0) break;
    used += static_cast<size_t>(count);
    if (used == text.size()) text.resize(2 * used);
  }
  text.resize(used);
  return text;
}

std::shared_ptr<MappedFile> MappedFile::open(const fs::path& path) {
  FileDescriptor file(open_for_reading(path));
  const size_t size = open_regular(path, "MappedFile", file);
  void* data = nullptr;
  if (size > 0) {
    data = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, file.get(), 0);
    if (data == MAP_FAILED) {
      throw LoadError("[MappedFile] " + path.string() + ": cannot map: " + reason(errno));
    }
  }
  return std::shared_ptr<MappedFile>(new MappedFile(path, static_cast<std::byte*>(data), size));
}

MappedFile::MappedFile(fs::path path, std::byte* data, size_t size)
    : path_(std::move(path)), data_(data), size_(size) {}

MappedFile::~MappedFile() {
  if (data_) munmap(data_, size_);
}

void MappedFile::release(size_t begin, size_t size) const {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t first = (begin + page - 1) / page * page;
  const size_t last = (begin + size) / page * page;
  // Only advice: where the system refuses, the pages just stay.
  if (first < last) (void)madvise(data_ + first, last - first, MADV_DONTNEED);
}

void write_atomically(const fs::path& path, const std::function<void(FileWriter&)>& fill) {
  const fs::path target = follow_links(path);
  const std::string start = "[write_atomically] " + path.string() + ": ";
  if (!target.has_filename()) throw Error(start + "names no file");
  std::error_code ignored;
  const fs::path folder = TemporaryFile::folder_of(target);
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
