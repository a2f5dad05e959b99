// Files: read whole, mapped, or written so that a crash leaves the old one.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace sentence_transformers {

/// The whole file. Throws LoadError, naming it, if it cannot be read.
std::string read_file(const std::filesystem::path& path);

/// A file in memory, mapped privately: writing to it changes the memory, never the file.
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

 private:
  MappedFile(std::filesystem::path path, std::byte* data, size_t size);
  std::filesystem::path path_;
  std::byte* data_;
  size_t size_;
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
/// the temporary one is removed. Throws Error naming the file and the system's reason.
void write_atomically(const std::filesystem::path& path,
                      const std::function<void(FileWriter&)>& fill);

}  // namespace sentence_transformers
