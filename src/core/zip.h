// Zip archives, as far as PyTorch's checkpoints need them: the directory, checked, and where each
// entry's bytes lie.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/files.h"

namespace sentence_transformers {

struct ZipEntry {
  size_t begin = 0, size = 0;  ///< of the bytes in the file
  size_t whole_size = 0;       ///< after inflating
  bool deflated = false;
};

class ZipFile {
 public:
  /// Reads the directory at the end; zip64 too. Throws LoadError, begun by `start`, for anything
  /// that does not fit: entries outside the file, over each other, or twice; UnsupportedError for
  /// encrypted ones and for compression other than deflate.
  ZipFile(std::shared_ptr<MappedFile> file, const std::string& start);

  /// Nothing if there is no such entry.
  const ZipEntry* find(const std::string& name) const;
  const std::map<std::string, ZipEntry>& entries() const { return entries_; }
  /// An entry's content, inflated if need be. Throws LoadError for a stream that is broken or has
  /// another size, UnsupportedError where the library was built without zlib.
  std::vector<std::byte> read(const ZipEntry& entry) const;

 private:
  std::shared_ptr<MappedFile> file_;
  std::string start_;
  std::map<std::string, ZipEntry> entries_;
};

}  // namespace sentence_transformers
