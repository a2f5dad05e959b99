// Files: read whole, mapped, or written so that a crash leaves the old one.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <ctime>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

namespace sentence_transformers {

/// Is there something at `path`? A link that leads nowhere is nothing. Throws LoadError, naming it,
/// where the system cannot tell: a loop of links, a folder without permission.
bool file_exists(const std::filesystem::path& path);

/// What is in a folder, in no order; what could be listed, and the error, if the system refuses.
std::vector<std::filesystem::path> folder_entries(const std::filesystem::path& folder,
                                                  std::error_code& error);

/// Longest file that is read whole, in bytes.
inline constexpr size_t kLongestFile = size_t{1} << 30;

/// The whole file. Throws LoadError, naming it, if it cannot be read or has more than `most` bytes.
std::string read_file(const std::filesystem::path& path, size_t most = kLongestFile);

/// A file in memory, mapped privately: writing to it changes the memory, never the file. Who writes
/// into the file itself meanwhile changes the memory as well, and who cuts it short ends the
/// process (SIGBUS) where the missing part is touched. Renaming another file to its name does no
/// harm.
class MappedFile {
 public:
  /// Throws LoadError, naming the file, if it cannot be opened or is no regular file. An empty file
  /// has size 0.
  static std::shared_ptr<MappedFile> open(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::byte* data() const { return data_; }
  size_t size() const { return size_; }
  const std::filesystem::path& path() const { return path_; }

  /// Gives the pages wholly inside [begin, begin + size) back to the system; they are read again
  /// when touched. Only for pages that nobody has written to: changes would be lost.
  void release(size_t begin, size_t size) const;

  /// Throws LoadError, naming the file, if its size or its time of change is no longer as when it
  /// was opened. One system call.
  void check_unchanged() const;

 private:
  MappedFile() = default;
  std::filesystem::path path_;
  std::byte* data_ = nullptr;
  size_t size_ = 0;
  dev_t device_ = 0;
  ino_t inode_ = 0;
  timespec changed_ = {};
};

/// Where write_atomically's callback puts its bytes.
class FileWriter {
 public:
  virtual void write(const void* data, size_t size) = 0;

 protected:
  ~FileWriter() = default;
};

/// Calls `fill`, which writes the new content, into a temporary file in the same folder, flushes it
/// to the disk and renames it to `path`. Whatever goes wrong, an existing file stays as it was and
/// the temporary one is removed; what a killed process left is removed by the next write to `path`.
/// Throws Error naming the file and the system's reason.
void write_atomically(const std::filesystem::path& path,
                      const std::function<void(FileWriter&)>& fill);

}  // namespace sentence_transformers
