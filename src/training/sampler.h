// The batches of one epoch, in an order that seed, epoch and data alone decide.
#pragma once

#include <sentence_transformers/trainer.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <vector>

namespace sentence_transformers {

struct SamplerOptions {
  int64_t batch_size = 8;
  BatchSampler batch_sampler = BatchSampler::shuffled;
  MultiDatasetSampler multi_dataset_sampler = MultiDatasetSampler::proportional;
  bool drop_last = false;
  int64_t shuffle_buffer = 100'000;  ///< 0 or 1: the dataset's order
  uint64_t seed = 42;
};

struct DrawnBatch {
  size_t dataset = 0;
  std::vector<Example> examples = {};
};

using Datasets = std::vector<std::shared_ptr<const Dataset>>;

/// Batches an epoch, from the datasets' sizes. For `no_duplicates` what Python reports, too: the
/// stream may end a few batches later (texts that meet each other in smaller batches) or, with
/// drop_last, earlier.
int64_t batches_per_epoch(const Datasets& datasets, const SamplerOptions& options);

/// Batches of one dataset.
class DatasetBatches {
 public:
  DatasetBatches(const Dataset& dataset, const SamplerOptions& options, std::mt19937_64 random);
  /// False at the end.
  bool next(std::vector<Example>& batch);

 private:
  bool draw(Example& example);
  bool next_shuffled(std::vector<Example>& batch);
  bool next_without_duplicates(std::vector<Example>& batch);

  const SamplerOptions options_;
  std::unique_ptr<Dataset::Reader> reader_;
  std::mt19937_64 random_;
  std::vector<Example> buffer_;
  std::deque<Example> waiting_;  // had a text of the batch that was made
  bool filled_ = false, ended_ = false;
};

/// Batches of all datasets. To resume, draw and drop the batches already seen.
class BatchStream {
 public:
  /// Throws std::invalid_argument if there is no dataset, or for a batch size below 1 or a negative
  /// buffer.
  BatchStream(Datasets datasets, const SamplerOptions& options, int64_t epoch);
  /// False at the end of the epoch.
  bool next(DrawnBatch& batch);

 private:
  bool next_proportional(DrawnBatch& batch);
  bool next_round_robin(DrawnBatch& batch);

  const Datasets datasets_;
  const SamplerOptions options_;
  std::mt19937_64 random_;
  std::vector<DatasetBatches> batches_;
  std::vector<uint64_t> left_;    // proportional: batches of each dataset still to be drawn
  std::deque<DrawnBatch> round_;  // round robin: drawn and not yet given
};

}  // namespace sentence_transformers
