// The safetensors format: a JSON header and raw tensors, mapped rather than read.
// Layout and limits as in the format's description: 8 bytes of header length (little endian, at
// most 100 MB), the header, the data without holes.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/checkpoint_file.h"
#include "core/files.h"

namespace sentence_transformers {

class SafeTensors final : public CheckpointFile {
 public:
  /// Maps and checks the whole header: known types, sizes that match shapes, ranges that cover the
  /// data once. Throws LoadError naming file and tensor, UnsupportedError for one of the format's
  /// types that is not here.
  static SafeTensors open(const std::filesystem::path& path);

  std::shared_ptr<const MappedFile> mapped_file() const override { return file_; }
  const std::filesystem::path& path() const override { return file_->path(); }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  std::vector<std::string> names() const override;
  bool contains(const std::string& name) const { return entries_.count(name) != 0; }

  /// The tensor, sharing the mapping (which it keeps alive). It may be written to: the file does
  /// not change. Throws LoadError if there is none.
  at::Tensor get(const std::string& name) const override;

  /// Gives a tensor's pages back to the system until they are touched again; only while nothing
  /// wrote to it.
  void release(const std::string& name) const override;

 private:
  struct Entry {
    at::ScalarType dtype;
    std::vector<int64_t> shape;
    size_t begin, size;  // bytes in the file
  };
  std::shared_ptr<MappedFile> file_;
  std::map<std::string, Entry> entries_;
  std::map<std::string, std::string> metadata_;
};

/// Longest header that readers of the format accept, in bytes.
inline constexpr size_t kMaxSafeTensorsHeader = 100'000'000;

/// The number of bytes of a tensor, or nothing if that overflows.
std::optional<size_t> tensor_bytes(at::ScalarType dtype, at::IntArrayRef shape);

/// A tensor over the bytes of a file from `begin` on, which must hold it; keeps the mapping alive.
/// Bytes that are not aligned for the type are copied.
at::Tensor map_tensor(const std::shared_ptr<MappedFile>& file, size_t begin, at::ScalarType dtype,
                      at::IntArrayRef shape);

/// Writes tensors (any device, any layout) as one safetensors file, atomically. Throws Error if the
/// disk refuses, std::invalid_argument for a type the format lacks, a name that is taken twice or
/// is no UTF-8, or a header beyond kMaxSafeTensorsHeader.
void write_safetensors(const std::filesystem::path& path,
                       const std::vector<std::pair<std::string, at::Tensor>>& tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace sentence_transformers
