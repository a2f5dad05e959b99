// Port of sentence-transformers 6.2.0, base/sampler.py.
#include "training/sampler.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>
#include <unordered_set>
#include <utility>

#include "core/xxh64.h"

namespace sentence_transformers {
namespace {

/// Generator and seeding are the same with every standard library; its distributions are not.
std::mt19937_64 make_random(uint64_t seed, int64_t epoch, size_t stream) {
  const auto low = [](uint64_t value) { return static_cast<uint32_t>(value); };
  std::seed_seq sequence{low(seed), low(seed >> 32), low(static_cast<uint64_t>(epoch)),
                         low(stream)};
  return std::mt19937_64(sequence);
}

int64_t count_batches(const Dataset& dataset, const SamplerOptions& options) {
  const int64_t size = dataset.size(), rest = size % options.batch_size;
  const bool has_last = !options.drop_last && rest > 0 && rest >= options.least;
  return size / options.batch_size + (has_last ? 1 : 0);
}

std::vector<uint64_t> hashes_of(const std::vector<std::string>& texts) {
  std::vector<uint64_t> hashes;
  for (const std::string& text : texts) hashes.push_back(xxh64(text.data(), text.size()));
  return hashes;
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
    : dataset_(dataset),
      options_(options),
      random_(random),
      shuffle_(dataset, options.shuffle_buffer),
      left_(count_batches(dataset, options)) {
  constexpr int kMorePasses = 2;  // as Python
  more_passes_ = options.drop_last ? kMorePasses : 0;
}

bool DatasetBatches::next(std::vector<Example>& batch, bool wanted) {
  if (left_ == 0) return false;
  const bool found = options_.batch_sampler == BatchSampler::no_duplicates
                         ? next_without_duplicates(batch)
                         : next_shuffled(batch, wanted);
  left_ = found ? left_ - 1 : 0;
  return found;
}

bool DatasetBatches::next_shuffled(std::vector<Example>& batch, bool wanted) {
  batch.clear();
  const auto size = static_cast<size_t>(options_.batch_size);
  Shuffle::Drawn drawn;
  while (batch.size() < size && shuffle_.next(drawn, random_)) {
    if (wanted) shuffle_.fetch(drawn);
    batch.push_back(std::move(drawn.example));
  }
  return batch.size() == size || (static_cast<int64_t>(batch.size()) >= options_.least &&
                                  !batch.empty() && !options_.drop_last);
}

/// Batches that are not full come when the pass is nearly over: kept or dropped, as asked.
bool DatasetBatches::next_without_duplicates(std::vector<Example>& batch) {
  for (;;) {
    fill_without_duplicates(batch);
    if (batch.empty() && !start_another_pass()) return false;
    const auto size = static_cast<int64_t>(batch.size());
    if (size == options_.batch_size ||
        (size > 0 && size >= options_.least && !options_.drop_last)) {
      ++given_;
      return true;
    }
  }
}

/// Python draws once more where dropping left too few batches, unless it left none.
bool DatasetBatches::start_another_pass() {
  if (more_passes_ == 0 || given_ == 0) return false;
  --more_passes_;
  shuffle_ = Shuffle(dataset_, options_.shuffle_buffer);
  return true;
}

/// Those who wait come first, in the order in which they were drawn. Of a stream the batch stays
/// smaller when too many wait, rather than reading on: memory must not grow with the data.
void DatasetBatches::fill_without_duplicates(std::vector<Example>& batch) {
  batch.clear();
  const auto size = static_cast<size_t>(options_.batch_size);
  const size_t most = shuffle_.by_index()
                          ? std::numeric_limits<size_t>::max()
                          : std::max(static_cast<size_t>(options_.shuffle_buffer), 100 * size);
  std::unordered_set<uint64_t> texts;  // of the batch
  const auto fits = [&](const std::vector<uint64_t>& hashes) {
    return std::none_of(hashes.begin(), hashes.end(),
                        [&](uint64_t hash) { return texts.contains(hash); });
  };
  const auto add = [&](Shuffle::Drawn& drawn, const std::vector<uint64_t>& hashes) {
    texts.insert(hashes.begin(), hashes.end());
    batch.push_back(std::move(drawn.example));
  };
  std::deque<Waiting> waiting;
  while (!waiting_.empty() && batch.size() < size) {
    Waiting first = std::move(waiting_.front());
    waiting_.pop_front();
    if (fits(first.texts)) {
      shuffle_.fetch(first.drawn);
      add(first.drawn, first.texts);
    } else {
      waiting.push_back(std::move(first));
    }
  }
  waiting_.insert(waiting_.begin(), std::make_move_iterator(waiting.begin()),
                  std::make_move_iterator(waiting.end()));
  Shuffle::Drawn drawn;
  while (batch.size() < size && waiting_.size() < most && shuffle_.next(drawn, random_)) {
    shuffle_.fetch(drawn);
    std::vector<uint64_t> hashes = hashes_of(drawn.example.texts);
    if (fits(hashes)) {
      add(drawn, hashes);
      continue;
    }
    if (shuffle_.by_index()) drawn.example = {};  // read again when its turn comes
    waiting_.push_back({std::move(drawn), std::move(hashes)});
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

bool BatchStream::next(DrawnBatch& batch, bool wanted) {
  return options_.multi_dataset_sampler == MultiDatasetSampler::proportional
             ? next_proportional(batch, wanted)
             : next_round_robin(batch);
}

/// Drawing a dataset by what is left of each is a shuffle of all batches.
bool BatchStream::next_proportional(DrawnBatch& batch, bool wanted) {
  if (batches_.size() == 1) {
    batch.dataset = 0;
    return batches_[0].next(batch.examples, wanted);
  }
  for (uint64_t sum; (sum = std::accumulate(left_.begin(), left_.end(), uint64_t{0})) > 0;) {
    uint64_t place = draw_below(random_, sum);
    size_t dataset = 0;
    while (place >= left_[dataset]) place -= left_[dataset++];
    --left_[dataset];
    batch.dataset = dataset;
    if (batches_[dataset].next(batch.examples, wanted)) return true;
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
