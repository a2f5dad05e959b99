// What the formats of weights have in common: a file of named tensors.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/files.h"

namespace sentence_transformers {

class CheckpointFile {
 public:
  virtual ~CheckpointFile() = default;

  virtual const std::filesystem::path& path() const = 0;
  /// What tensors are mapped from.
  virtual std::shared_ptr<const MappedFile> mapped_file() const = 0;
  virtual std::vector<std::string> names() const = 0;
  /// The tensor, contiguous; writing to it does not change the file. Throws LoadError if there is
  /// none.
  virtual at::Tensor get(const std::string& name) const = 0;
  /// Gives a tensor's pages back to the system until they are touched again; only while nothing
  /// wrote to it.
  virtual void release(const std::string& name) const = 0;
};

}  // namespace sentence_transformers
