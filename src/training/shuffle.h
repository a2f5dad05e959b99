// One pass over a dataset in a random order: of all its examples where they can be read by their
// place, else within a window.
#pragma once

#include <sentence_transformers/dataset.h>

#include <cstdint>
#include <memory>
#include <random>
#include <vector>

namespace sentence_transformers {

/// In [0, count), the same with every standard library; the remainder's bias is below
/// count / 2^64.
inline uint64_t draw_below(std::mt19937_64& random, uint64_t count) { return random() % count; }

class Shuffle {
 public:
  /// `window` examples are held at a time where the dataset has no access(); with 0 or 1 the order
  /// is the dataset's own. The dataset must outlive this.
  Shuffle(const Dataset& dataset, int64_t window);

  /// What was drawn: an example, or the index of one that fetch() reads.
  struct Drawn {
    uint32_t index = 0;
    Example example = {};
  };
  /// False at the end.
  bool next(Drawn& drawn, std::mt19937_64& random);
  /// The example of what was drawn.
  void fetch(Drawn& drawn);
  /// Whether what was drawn is an index.
  bool by_index() const { return access_ != nullptr; }

 private:
  std::unique_ptr<Dataset::Access> access_;
  std::vector<uint32_t> left_;  // indices

  std::unique_ptr<Dataset::Reader> reader_;
  std::vector<Example> buffer_;
  size_t window_;
  bool ended_ = false;
};

/// Whether an epoch's order may take any example to any place.
bool is_shuffled_whole(const Dataset& dataset, int64_t window);

}  // namespace sentence_transformers
