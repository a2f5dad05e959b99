// POSIX files: reading and private mappings.
#include "core/files.h"

#include <fcntl.h>
#include <sentence_transformers/error.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "core/posix.h"

namespace sentence_transformers {
namespace {

namespace fs = std::filesystem;

/// Tells the size and identity of an opened regular file; anything else (a folder, a pipe, what
/// could not be opened) throws.
struct stat status_of(const FileDescriptor& file, const fs::path& path,
                      const std::string& function) {
  struct stat status;
  if (file.get() < 0 || fstat(file.get(), &status) != 0) {
    throw LoadError("[" + function + "] " + path.string() + ": " + reason(errno));
  }
  if (!S_ISREG(status.st_mode)) {
    throw LoadError("[" + function + "] " + path.string() + ": expected a regular file, found a " +
                    (S_ISDIR(status.st_mode) ? "folder" : "device, pipe or socket"));
  }
  return status;
}

/// O_NONBLOCK: a pipe must not keep us waiting before it is refused.
int open_for_reading(const fs::path& path) {
  return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

}  // namespace

bool file_exists(const fs::path& path) {
  struct stat status;
  if (::stat(path.c_str(), &status) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  throw LoadError("[file_exists] " + path.string() + ": " + reason(errno));
}

std::vector<fs::path> folder_entries(const fs::path& folder, std::error_code& error) {
  std::vector<fs::path> paths;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    paths.push_back(entry->path());
  }
  return paths;
}

std::string read_file(const fs::path& path, size_t most) {
  const auto failure = [&](const std::string& text) {
    return LoadError("[read_file] " + path.string() + ": " + text);
  };
  const FileDescriptor file(open_for_reading(path));
  const auto size = static_cast<size_t>(status_of(file, path, "read_file").st_size);
  const std::string too_long = "is longer than " + std::to_string(most) + " bytes";
  if (size > most) throw failure(too_long);
  std::string text(size + 1, '\0');
  size_t used = 0;
  for (;;) {
    const ssize_t count = ::read(file.get(), text.data() + used, text.size() - used);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw failure(reason(errno));
    if (count == 0) break;
    used += static_cast<size_t>(count);
    if (used > most) throw failure(too_long);
    if (used == text.size()) text.resize(2 * used);
  }
  text.resize(used);
  return text;
}

std::shared_ptr<MappedFile> MappedFile::open(const fs::path& path) {
  const FileDescriptor file(open_for_reading(path));
  const struct stat status = status_of(file, path, "MappedFile");
  const auto size = static_cast<size_t>(status.st_size);
  void* data = nullptr;
  if (size > 0) {
    data = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, file.get(), 0);
    if (data == MAP_FAILED) {
      throw LoadError("[MappedFile] " + path.string() + ": cannot map: " + reason(errno));
    }
  }
  std::shared_ptr<MappedFile> mapped(new MappedFile);
  mapped->path_ = path;
  mapped->data_ = static_cast<std::byte*>(data);
  mapped->size_ = size;
  mapped->device_ = status.st_dev;
  mapped->inode_ = status.st_ino;
  mapped->changed_ = status.st_mtim;
  return mapped;
}

void MappedFile::check_unchanged() const {
  struct stat now;
  // A file of another identity was put in this one's place, whose content lives on in the mapping.
  if (::stat(path_.c_str(), &now) != 0 || now.st_dev != device_ || now.st_ino != inode_) return;
  if (static_cast<size_t>(now.st_size) == size_ && now.st_mtim.tv_sec == changed_.tv_sec &&
      now.st_mtim.tv_nsec == changed_.tv_nsec) {
    return;
  }
  throw LoadError("[MappedFile] " + path_.string() + ": was written to while it was in use (" +
                  std::to_string(size_) + " bytes when it was opened, now " +
                  std::to_string(now.st_size) +
                  "); a new version must be written beside it and renamed");
}

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

}  // namespace sentence_transformers
