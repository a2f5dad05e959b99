// A file on its way: bytes that a broken transfer left are kept, counted in the hash, and gone on
// from.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "hub/hash.h"
#include "hub/tree.h"

namespace sentence_transformers {

/// blobs/HASH.incomplete, which only the holder of the blob's lock may open. Every error of the
/// disk is an Error that names the file and the system's reason.
class PartialFile {
 public:
  PartialFile(std::filesystem::path blob, const TreeFile& expected);
  ~PartialFile();
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;

  uint64_t size() const { return size_; }
  uint64_t expected_size() const { return expected_.size; }
  /// Throws Error where the disk is full.
  void write(std::string_view piece);
  /// Forgets what is there.
  void restart();
  /// The whole file takes the blob's place if size and hash are right; else it is thrown away, and
  /// the text says what was found.
  std::string finish();

 private:
  void open(bool keep);

  std::filesystem::path blob_, path_;
  TreeFile expected_;
  std::unique_ptr<ContentHash> hash_;
  int file_ = -1;
  uint64_t size_ = 0;
};

}  // namespace sentence_transformers
