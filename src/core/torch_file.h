// PyTorch's own checkpoints, pytorch_model.bin: a pickle that names tensors, and their storages,
// mapped rather than read where the file has them plainly.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/checkpoint_file.h"
#include "core/files.h"

namespace sentence_transformers {

class TorchFile final : public CheckpointFile {
 public:
  /// A dictionary of tensors in either layout, the zip archive or the older one. Nothing in the
  /// file is run. Throws LoadError naming file and tensor for whatever does not fit,
  /// UnsupportedError for what is well formed but not here: big-endian numbers, Python objects
  /// other than tensors, the tar archives from before 2017.
  static TorchFile open(const std::filesystem::path& path);

  std::shared_ptr<const MappedFile> mapped_file() const override { return file_; }
  const std::filesystem::path& path() const override { return file_->path(); }
  std::vector<std::string> names() const override;
  bool contains(const std::string& name) const { return entries_.count(name) != 0; }

  /// The tensor, contiguous. It shares the mapping (which it keeps alive) unless it is a view with
  /// gaps or one whose storage others share; writing to it never changes file or other tensors.
  /// Throws LoadError if there is none.
  at::Tensor get(const std::string& name) const override;

  void release(const std::string& name) const override;

 private:
  friend class TorchFileReader;
  struct Entry {
    at::ScalarType dtype = at::kFloat;
    std::vector<int64_t> shape = {}, stride = {};
    size_t begin = 0, size = 0;  // bytes from the first to behind the last element
    std::shared_ptr<MappedFile> mapped = nullptr;  // one of these holds them
    std::shared_ptr<std::vector<std::byte>> inflated = nullptr;
    bool shares = false;  // bytes with another tensor
  };
  std::shared_ptr<MappedFile> file_;
  std::map<std::string, Entry> entries_;
};

}  // namespace sentence_transformers
