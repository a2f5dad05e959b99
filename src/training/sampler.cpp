// Port of sentence-transformers 6.2.0, base/sampler.py, to datasets that are read front to back.
#include "training/sampler.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

namespace sentence_transformers {
namespace {

/// Generator and seeding are the same with every standard library; its distributions are not.
std::mt19937_64 make_random(uint64_t seed, int64_t epoch, size_t stream) {
  const auto low = [](uint64_t value) { return static_cast<uint32_t>(value); };
  std::seed_seq sequence{low(seed), low(seed >> 32), low(static_cast<uint64_t>(epoch)),
                         low(stream)};
  return std::mt19937_64(sequence);
}

/// In [0, count); the remainder's bias is below count / 2^64.
uint64_t draw_below(std::mt19937_64& random, uint64_t count) { return random() % count; }

int64_t count_batches(const Dataset& dataset, const SamplerOptions& options) {
  const int64_t whole = dataset.size() / options.batch_size;
  return whole + (!options.drop_last && dataset.size() % options.batch_size != 0 ? 1 : 0);
}

}  // namespace

int64_t batches_per_epoch(const Datasets& datasets, const SamplerOptions& options) {
  int64_t sum = 0, least = std::numeric_limits<int64_t>::max();
  for (const auto& dataset : datasets) {
    const int64_t count = count_batches(*dataset, options);
    sum += count;
    least = std::min(least, count);
  }
  const bool proportional = options.multi_dataset_sampler == MultiDatasetSampler::proportional;
  return proportional ? sum : least * static_cast<int64_t>(datasets.size());
}

DatasetBatches::DatasetBatches(const Dataset& dataset, const SamplerOptions& options,
                               std::mt19937_64 random)
    : options_(options), reader_(dataset.read()), random_(std::move(random)) {}

bool DatasetBatches::next(std::vector<Example>& batch) {
  batch.clear();
  return options_.batch_sampler == BatchSampler::no_duplicates ? next_without_duplicates(batch)
                                                               : next_shuffled(batch);
}

/// From a random place of the buffer, which the reader refills.
bool DatasetBatches::draw(Example& example) {
  const auto size = static_cast<size_t>(std::max<int64_t>(options_.shuffle_buffer, 1));
  Example next;
  while (!ended_ && buffer_.size() < size) {
    ended_ = !reader_->next(next);
    if (!ended_) buffer_.push_back(std::move(next));
  }
  if (buffer_.empty()) return false;
  const size_t place = draw_below(random_, buffer_.size());
  example = std::move(buffer_[place]);
  if (place + 1 < buffer_.size()) buffer_[place] = std::move(buffer_.back());
  buffer_.pop_back();
  return true;
}

bool DatasetBatches::next_shuffled(std::vector<Example>& batch) {
  const auto size = static_cast<size_t>(options_.batch_size);
  Example example;
  while (batch.size() < size && draw(example)) batch.push_back(std::move(example));
  return batch.size() == size || (!batch.empty() && !options_.drop_last);
}

/// Those who wait come first, in the order in which they were drawn. When too many wait, the batch
/// stays smaller rather than reading on: memory must not grow with the data.
bool DatasetBatches::next_without_duplicates(std::vector<Example>& batch) {
  const auto size = static_cast<size_t>(options_.batch_size);
  const size_t most = std::max(static_cast<size_t>(options_.shuffle_buffer), 100 * size);
  for (;;) {
    batch.clear();
    std::unordered_set<std::string_view> texts;  // where they lie in the batch
    const auto add = [&](Example& example) {
      for (const std::string& text : example.texts) {
        if (texts.contains(text)) return false;
      }
      batch.push_back(std::move(example));
      texts.insert(batch.back().texts.begin(), batch.back().texts.end());
      return true;
    };
    std::deque<Example> waiting;
    for (Example& example : waiting_) {
      if (batch.size() == size || !add(example)) waiting.push_back(std::move(example));
    }
    waiting_ = std::move(waiting);
    Example example;
    while (batch.size() < size && waiting_.size() < most && draw(example)) {
      if (!add(example)) waiting_.push_back(std::move(example));
    }
    if (batch.empty()) return false;
    if (batch.size() == size || !options_.drop_last) return true;
  }
}

BatchStream::BatchStream(Datasets datasets, const SamplerOptions& options, int64_t epoch)
    : datasets_(std::move(datasets)),
      options_(options),
      random_(make_random(options.seed, epoch, 0)) {
  if (datasets_.empty()) throw std::invalid_argument("[BatchStream] there is no dataset");
  if (options_.batch_size < 1) {
    throw std::invalid_argument("[BatchStream] batch_size is " +
                                std::to_string(options_.batch_size) + "; expected at least 1");
  }
  if (options_.shuffle_buffer < 0) {
    throw std::invalid_argument("[BatchStream] shuffle_buffer is " +
                                std::to_string(options_.shuffle_buffer) + "; expected at least 0");
  }
  for (size_t i = 0; i < datasets_.size(); ++i) {
    batches_.emplace_back(*datasets_[i], options_, make_random(options_.seed, epoch, i + 1));
  }
  const bool sized =
      datasets_.size() > 1 && options_.multi_dataset_sampler == MultiDatasetSampler::proportional;
  for (size_t i = 0; i < datasets_.size() && sized; ++i) {
    left_.push_back(static_cast<uint64_t>(count_batches(*datasets_[i], options_)));
  }
}

bool BatchStream::next(DrawnBatch& batch) {
  return options_.multi_dataset_sampler == MultiDatasetSampler::proportional
             ? next_proportional(batch)
             : next_round_robin(batch);
}

/// Drawing a dataset by what is left of each is a shuffle of all batches. What a dataset has beyond
/// its count (no_duplicates) comes at the end.
bool BatchStream::next_proportional(DrawnBatch& batch) {
  for (uint64_t sum; (sum = std::accumulate(left_.begin(), left_.end(), uint64_t{0})) > 0;) {
    uint64_t place = draw_below(random_, sum);
    size_t dataset = 0;
    while (place >= left_[dataset]) place -= left_[dataset++];
    --left_[dataset];
    batch.dataset = dataset;
    if (batches_[dataset].next(batch.examples)) return true;
  }
  for (batch.dataset = 0; batch.dataset < batches_.size(); ++batch.dataset) {
    if (batches_[batch.dataset].next(batch.examples)) return true;
  }
  return false;
}

/// A round is given only if every dataset had a batch for it.
bool BatchStream::next_round_robin(DrawnBatch& batch) {
  if (round_.empty()) {
    for (size_t i = 0; i < batches_.size(); ++i) {
      DrawnBatch& drawn = round_.emplace_back();
      drawn.dataset = i;
      if (!batches_[i].next(drawn.examples)) {
        round_.clear();
        return false;
      }
    }
  }
  batch = std::move(round_.front());
  round_.pop_front();
  return true;
}

}  // namespace sentence_transformers
