// The batches of one epoch, in an order that seed, epoch and data alone decide.
#pragma once

#include <sentence_transformers/trainer.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <vector>

#include "training/shuffle.h"

namespace sentence_transformers {

struct SamplerOptions {
  int64_t batch_size = 8;
  BatchSampler batch_sampler = BatchSampler::shuffled;
  MultiDatasetSampler multi_dataset_sampler = MultiDatasetSampler::proportional;
  bool drop_last = false;
  int64_t shuffle_buffer = 100'000;  ///< 0 or 1: the dataset's order
  uint64_t seed = 42;
  int64_t least = 1;  ///< smaller batches are dropped: every process needs an example
};

struct DrawnBatch {
  size_t dataset = 0;
  std::vector<Example> examples = {};
};

using Datasets = std::vector<std::shared_ptr<const Dataset>>;

/// Batches an epoch, from the datasets' sizes, as Python reports them. An epoch never has more. It
/// has fewer where `no_duplicates` finds too few different texts for drop_last or `least`.
int64_t batches_per_epoch(const Datasets& datasets, const SamplerOptions& options);

/// Batches of one dataset, which must outlive this.
class DatasetBatches {
 public:
  DatasetBatches(const Dataset& dataset, const SamplerOptions& options, std::mt19937_64 random);
  /// False at the end. A batch that is not `wanted` may come without its examples.
  bool next(std::vector<Example>& batch, bool wanted = true);

 private:
  struct Waiting {
    Shuffle::Drawn drawn;
    std::vector<uint64_t> texts;  // hashes of its texts
  };

  bool next_shuffled(std::vector<Example>& batch, bool wanted);
  bool next_without_duplicates(std::vector<Example>& batch);
  void fill_without_duplicates(std::vector<Example>& batch);
  bool start_another_pass();

  const Dataset& dataset_;
  const SamplerOptions options_;
  std::mt19937_64 random_;
  Shuffle shuffle_;
  std::deque<Waiting> waiting_;  // had a text of the batch that was made
  int64_t left_, given_ = 0, more_passes_;
};

/// Batches of all datasets. To resume, draw and drop the batches already seen.
class BatchStream {
 public:
  /// Throws std::invalid_argument if there is no dataset, or for a batch size below 1 or a negative
  /// buffer.
  BatchStream(Datasets datasets, const SamplerOptions& options, int64_t epoch);
  /// False at the end of the epoch. A batch that is not `wanted` may come without its examples,
  /// which saves reading them.
  bool next(DrawnBatch& batch, bool wanted = true);

 private:
  bool next_proportional(DrawnBatch& batch, bool wanted);
  bool next_round_robin(DrawnBatch& batch);

  const Datasets datasets_;
  const SamplerOptions options_;
  std::mt19937_64 random_;
  std::vector<DatasetBatches> batches_;
  std::vector<uint64_t> left_;    // proportional: batches of each dataset still to be drawn
  std::deque<DrawnBatch> round_;  // round robin: drawn and not yet given
};

}  // namespace sentence_transformers
