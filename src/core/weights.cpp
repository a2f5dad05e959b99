#include "core/weights.h"

#include <ATen/ATen.h>
#include <sentence_transformers/error.h>

#include <algorithm>
#include <functional>
#include <sstream>

namespace sentence_transformers {
namespace {

std::string shape_text(at::IntArrayRef shape) {
  std::ostringstream text;
  text << shape;
  return text.str();
}

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
    : checkpoint_(std::make_shared<Checkpoint>()) {
  checkpoint_->files = std::move(files);
  for (const auto& file : checkpoint_->files) {
    for (const std::string& name : file->names()) {
      if (!checkpoint_->owners.emplace(name, file.get()).second) {
        throw LoadError("[Weights] " + file->path().string() + ": tensor \"" + name +
                        "\" is also in " + checkpoint_->owners[name]->path().string());
      }
    }
  }
}

Weights::Weights(std::shared_ptr<Checkpoint> checkpoint, std::string prefix)
    : checkpoint_(std::move(checkpoint)), prefix_(std::move(prefix)) {}

Weights Weights::operator/(const std::string& name) const {
  return Weights(checkpoint_, name.empty() ? prefix_ : prefix_ + name + ".");
}

bool Weights::contains(const std::string& name) const {
  const std::string full = prefix_ + name;
  const auto& owners = checkpoint_->owners;
  const auto below = owners.lower_bound(full + ".");
  return owners.count(full) || (below != owners.end() && below->first.starts_with(full + "."));
}

at::Tensor Weights::get(const std::string& name, at::IntArrayRef shape) const {
  const std::string full = prefix_ + name;
  const auto owner = checkpoint_->owners.find(full);
  if (owner == checkpoint_->owners.end()) {
    throw LoadError("[Weights] " + file().string() + ": tensor \"" + full + "\" " +
                    shape_text(shape) + " is missing");
  }
  const CheckpointFile* found = owner->second;
  const auto complain = [&](const std::string& text) {
    return LoadError("[Weights] " + found->path().string() + ": tensor \"" + full + "\": " + text);
  };
  const at::Tensor tensor = found->get(full);
  if (!tensor.is_floating_point()) {
    throw complain("expected floating numbers, found " + std::string(tensor.dtype().name()));
  }
  if (tensor.sizes() != shape) {
    throw complain("expected shape " + shape_text(shape) + ", found " + shape_text(tensor.sizes()));
  }
  at::Tensor converted = tensor.to(at::kFloat);  // the same tensor where it is float32 already
  if (!all_finite(converted, [&] { found->release(full); })) {
    throw complain("holds NaN or infinite numbers");
  }
  checkpoint_->taken.insert(full);
  return converted;
}

void Weights::release() const {
  for (const auto& [name, file] : checkpoint_->owners) file->release(name);
}

std::vector<std::string> Weights::unused() const {
  std::vector<std::string> names;
  for (const auto& [name, file] : checkpoint_->owners) {
    if (name.starts_with(prefix_) && !checkpoint_->taken.count(name)) names.push_back(name);
  }
  return names;
}

const std::filesystem::path& Weights::file() const { return checkpoint_->files.front()->path(); }

}  // namespace sentence_transformers
