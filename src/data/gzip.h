// Bytes of a file, front to back, unpacked on the way if the file is gzip.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>

namespace sentence_transformers {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Fills in up to `size` bytes and returns how many; 0 is the end. Throws LoadError, naming the
  /// file, if it cannot be read or its gzip data is damaged or cut off.
  virtual size_t read(char* data, size_t size) = 0;
  /// Goes on from a place in the file, counted in bytes; false where that cannot be, as in gzip.
  virtual bool seek(int64_t /*place*/) { return false; }
};

/// Opens a regular file; gzip is known by its first two bytes. Throws LoadError if there is none,
/// UnsupportedError for gzip in a build without zlib.
std::unique_ptr<ByteSource> open_bytes(const std::filesystem::path& path);

}  // namespace sentence_transformers
