// A module's checkpoint for as long as parameters may live in its pages.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "core/weights.h"

namespace sentence_transformers {

class MappedWeights {
 public:
  explicit MappedWeights(Weights weights)
      : weights_(std::move(weights)), files_(weights_->mapped_files()) {}

  const Weights& operator*() const { return *weights_; }
  void release_pages() const { weights_->release(); }
  /// Releases nothing from now on. Throws as check_unchanged.
  void forget() {
    check_unchanged();
    weights_.reset();
  }
  /// Throws LoadError if a file that parameters are still mapped from was written to since it was
  /// opened.
  void check_unchanged() const {
    for (const auto& file : files_) {
      if (const auto mapped = file.lock()) mapped->check_unchanged();
    }
  }

 private:
  std::optional<Weights> weights_;
  std::vector<std::weak_ptr<const MappedFile>> files_;  // gone when no parameter lives in them
};

}  // namespace sentence_transformers
