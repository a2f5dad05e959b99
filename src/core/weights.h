// A cursor into a checkpoint's named tensors; loading a module mirrors the checkpoint's tree.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/checkpoint_file.h"
#include "core/safetensors.h"

namespace sentence_transformers {

/// `weights / "encoder.layer" / 3 / "attention"` moves like cd; get() takes a tensor and remembers
/// it as taken.
class Weights {
 public:
  /// One or more files that together hold a checkpoint.
  explicit Weights(std::vector<std::shared_ptr<const CheckpointFile>> files);
  explicit Weights(std::vector<SafeTensors> files);

  Weights operator/(const std::string& name) const;
  Weights operator/(int64_t index) const { return *this / std::to_string(index); }

  /// Is there a tensor with this name, or are there some below it?
  bool contains(const std::string& name) const;

  /// The floating tensor of exactly this shape, mapped, in the type that the file has it in
  /// (float64 becomes float32). Throws LoadError naming file and tensor if it is missing, is no
  /// floating tensor, has another shape, or holds a NaN or an infinity.
  at::Tensor get(const std::string& name, at::IntArrayRef shape) const;

  /// The first size of a tensor. Throws LoadError if it is missing, or a single number.
  int64_t rows(const std::string& name) const;

  /// Gives the files' pages back to the system until they are touched again; only while nobody
  /// wrote to a tensor.
  void release() const;

  /// The checkpoint's files, each alive for as long as a tensor or a cursor needs it.
  std::vector<std::weak_ptr<const MappedFile>> mapped_files() const;

  /// Full names below this cursor that nobody took.
  std::vector<std::string> unused() const;

  /// The first checkpoint file, for messages.
  const std::filesystem::path& file() const;

 private:
  struct Files {
    std::vector<std::shared_ptr<const CheckpointFile>> files;
    std::map<std::string, const CheckpointFile*> owners;  // of each tensor
    std::set<std::string> taken;
  };
  Weights(std::shared_ptr<Files> checkpoint, std::string prefix);

  std::shared_ptr<Files> files_;
  std::string prefix_;  // "" or ends with a dot
};

}  // namespace sentence_transformers
