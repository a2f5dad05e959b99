#include "core/weights.h"

#include <ATen/ATen.h>
#include <sentence_transformers/error.h>

#include <algorithm>
#include <functional>

#include "core/quoted.h"
#include "core/shapes.h"

namespace sentence_transformers {
namespace {

/// Adding numbers up keeps a NaN or an infinity, and is far cheaper than testing each. Part by
/// part, `read` told after each, so that the pages of a large tensor need not be there together.
bool all_finite(const at::Tensor& tensor, const std::function<void()>& read) {
  constexpr int64_t kPart = 1 << 20;
  const at::Tensor numbers = tensor.reshape({-1});
  for (int64_t begin = 0; begin < numbers.numel(); begin += kPart) {
    const at::Tensor part = numbers.narrow(0, begin, std::min(kPart, numbers.numel() - begin));
    if (!std::isfinite(at::sum(part).item<double>()) && !at::isfinite(part).all().item<bool>()) {
      return false;
    }
    read();
  }
  return true;
}

std::vector<std::shared_ptr<const CheckpointFile>> shared(std::vector<SafeTensors> files) {
  std::vector<std::shared_ptr<const CheckpointFile>> result;
  for (SafeTensors& file : files) result.push_back(std::make_shared<SafeTensors>(std::move(file)));
  return result;
}

}  // namespace

Weights::Weights(std::vector<SafeTensors> files) : Weights(shared(std::move(files))) {}

Weights::Weights(std::vector<std::shared_ptr<const CheckpointFile>> files)
    : files_(std::make_shared<Files>()) {
  files_->files = std::move(files);
  for (const auto& file : files_->files) {
    for (const std::string& name : file->names()) {
      if (!files_->owners.emplace(name, file.get()).second) {
        throw LoadError("[Weights] " + file->path().string() + ": tensor " + in_quotes(name) +
                        " is also in " + files_->owners[name]->path().string());
      }
    }
  }
}

Weights::Weights(std::shared_ptr<Files> checkpoint, std::string prefix)
    : files_(std::move(checkpoint)), prefix_(std::move(prefix)) {}

Weights Weights::operator/(const std::string& name) const {
  return Weights(files_, name.empty() ? prefix_ : prefix_ + name + ".");
}

bool Weights::contains(const std::string& name) const {
  const std::string full = prefix_ + name;
  const auto& owners = files_->owners;
  const auto below = owners.lower_bound(full + ".");
  return owners.count(full) || (below != owners.end() && below->first.starts_with(full + "."));
}

at::Tensor Weights::get(const std::string& name, at::IntArrayRef shape) const {
  const std::string full = prefix_ + name;
  const auto owner = files_->owners.find(full);
  if (owner == files_->owners.end()) {
    throw LoadError("[Weights] " + file().string() + ": tensor " + in_quotes(full) + " " +
                    shape_text(shape) + " is missing");
  }
  const CheckpointFile* found = owner->second;
  const auto complain = [&](const std::string& text) {
    return LoadError("[Weights] " + found->path().string() + ": tensor " + in_quotes(full) + ": " +
                     text);
  };
  const at::Tensor tensor = found->get(full);
  if (!tensor.is_floating_point()) {
    throw complain("expected floating numbers, found " + std::string(tensor.dtype().name()));
  }
  if (tensor.sizes() != shape) {
    throw complain("expected shape " + shape_text(shape) + ", found " + shape_text(tensor.sizes()));
  }
  const at::Tensor numbers = tensor.scalar_type() == at::kDouble ? tensor.to(at::kFloat) : tensor;
  if (!all_finite(numbers, [&] { found->release(full); })) {
    throw complain("holds NaN or infinite numbers");
  }
  files_->taken.insert(full);
  return numbers;
}

int64_t Weights::rows(const std::string& name) const {
  const std::string full = prefix_ + name;
  const auto owner = files_->owners.find(full);
  const at::Tensor tensor = owner == files_->owners.end() ? at::Tensor() : owner->second->get(full);
  if (tensor.defined() && tensor.dim() > 0) return tensor.size(0);
  throw LoadError("[Weights] " + file().string() + ": tensor " + in_quotes(full) +
                  (tensor.defined() ? " is a single number" : " is missing"));
}

void Weights::release() const {
  for (const auto& [name, file] : files_->owners) file->release(name);
}

std::vector<std::weak_ptr<const MappedFile>> Weights::mapped_files() const {
  std::vector<std::weak_ptr<const MappedFile>> files;
  for (const auto& file : files_->files) files.push_back(file->mapped_file());
  return files;
}

std::vector<std::string> Weights::unused() const {
  std::vector<std::string> names;
  for (const auto& [name, file] : files_->owners) {
    if (name.starts_with(prefix_) && !files_->taken.count(name)) names.push_back(name);
  }
  return names;
}

const std::filesystem::path& Weights::file() const { return files_->files.front()->path(); }

}  // namespace sentence_transformers
