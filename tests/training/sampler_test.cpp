// Order, completeness and proportions of an epoch's batches.
#include "training/sampler.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <stdexcept>

#include "support.h"

namespace sentence_transformers {
namespace {

/// Examples "<name>0", "<name>1", ... with a label each.
std::shared_ptr<ListDataset> numbered(const std::string& name, int count) {
  std::vector<Example> examples;
  for (int i = 0; i < count; ++i) {
    examples.push_back({{name + std::to_string(i)}, {static_cast<float>(i)}});
  }
  return std::make_shared<ListDataset>(std::move(examples));
}

std::vector<DrawnBatch> epoch_of(const Datasets& datasets, const SamplerOptions& options,
                                 int64_t epoch = 0) {
  BatchStream stream(datasets, options, epoch);
  std::vector<DrawnBatch> batches;
  for (DrawnBatch batch; stream.next(batch);) batches.push_back(batch);
  DrawnBatch after;
  EXPECT_FALSE(stream.next(after));  // the end stays the end
  return batches;
}

std::vector<std::string> order_of(const std::vector<DrawnBatch>& batches) {
  std::vector<std::string> order;
  for (const DrawnBatch& batch : batches) {
    for (const Example& example : batch.examples) order.push_back(example.texts[0]);
  }
  return order;
}

std::vector<std::string> sorted(std::vector<std::string> texts) {
  std::sort(texts.begin(), texts.end());
  return texts;
}

std::vector<std::string> texts_of(const ListDataset& dataset) {
  std::vector<std::string> texts;
  for (const Example& example : dataset.examples()) texts.push_back(example.texts[0]);
  return texts;
}

TEST(Sampler, GivesEachExampleOnceAnEpoch) {
  const auto data = numbered("a", 103);
  for (const int64_t buffer : {0, 1, 7, 102, 103, 1000}) {
    const auto batches = epoch_of({data}, {.batch_size = 10, .shuffle_buffer = buffer});
    ASSERT_EQ(batches.size(), 11u) << buffer;
    EXPECT_EQ(batches.back().examples.size(), 3u);
    EXPECT_EQ(sorted(order_of(batches)), sorted(texts_of(*data))) << buffer;
    EXPECT_EQ(batches_per_epoch({data}, {.batch_size = 10}), 11);
  }
}

TEST(Sampler, LabelsStayWithTheirTexts) {
  for (const DrawnBatch& batch : epoch_of({numbered("a", 50)}, {})) {
    for (const Example& example : batch.examples) {
      EXPECT_EQ(example.texts[0], "a" + std::to_string(static_cast<int>(example.labels[0])));
    }
  }
}

TEST(Sampler, DropsTheLastSmallerBatch) {
  const SamplerOptions options{.batch_size = 10, .drop_last = true};
  EXPECT_EQ(epoch_of({numbered("a", 103)}, options).size(), 10u);
  EXPECT_EQ(batches_per_epoch({numbered("a", 103)}, options), 10);
  EXPECT_EQ(epoch_of({numbered("a", 100)}, options).size(), 10u);
  EXPECT_EQ(epoch_of({numbered("a", 9)}, options).size(), 0u);
}

TEST(Sampler, OrderDependsOnSeedAndEpochAlone) {
  const auto data = numbered("a", 200);
  const auto order = [&](uint64_t seed, int64_t epoch) {
    return order_of(epoch_of({data}, {.seed = seed}, epoch));
  };
  EXPECT_EQ(order(1, 0), order(1, 0));
  EXPECT_NE(order(1, 0), order(1, 1));
  EXPECT_NE(order(1, 0), order(2, 0));
  EXPECT_NE(order(1, 2), order(2, 1));
  EXPECT_NE(order(1, 0), order(uint64_t{1} << 32 | 1, 0));
  EXPECT_NE(order(1, 0), texts_of(*data));
}

// A resumed run relies on it. Computed from the C++ standard's seed_seq and mt19937_64.
TEST(Sampler, OrderIsTheSameOnEveryMachine) {
  EXPECT_EQ(order_of(epoch_of({numbered("", 8)}, {.seed = 42})),
            (std::vector<std::string>{"6", "4", "1", "0", "7", "3", "5", "2"}));
}

TEST(Sampler, ShufflesWithinTheBuffer) {
  const auto data = numbered("a", 1000);
  const auto order = order_of(epoch_of({data}, {.shuffle_buffer = 10}));
  size_t moved = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    const size_t place = std::stoul(order[i].substr(1));
    EXPECT_LE(place, i + 9);  // nothing comes from beyond the buffer
    moved += place != i;
  }
  EXPECT_GT(moved, 800u);
  EXPECT_EQ(order_of(epoch_of({data}, {.shuffle_buffer = 1})), texts_of(*data));
}

// Each of the 24 orders of four examples about equally often.
TEST(Sampler, ShufflesEvenly) {
  const auto data = numbered("", 4);
  std::map<std::vector<std::string>, int> counts;
  for (int64_t epoch = 0; epoch < 4800; ++epoch) ++counts[order_of(epoch_of({data}, {}, epoch))];
  EXPECT_EQ(counts.size(), 24u);
  for (const auto& [order, count] : counts) EXPECT_NEAR(count, 200, 70);  // five sigma
}

// What a run does that goes on after k batches.
TEST(Sampler, SkippingGivesTheRest) {
  const Datasets data = {numbered("a", 57), numbered("b", 31)};
  const auto whole = epoch_of(data, {.batch_size = 4}, 3);
  BatchStream stream(data, {.batch_size = 4}, 3);
  DrawnBatch batch;
  for (int i = 0; i < 9; ++i) ASSERT_TRUE(stream.next(batch));
  for (size_t i = 9; i < whole.size(); ++i) {
    ASSERT_TRUE(stream.next(batch));
    EXPECT_EQ(batch.dataset, whole[i].dataset);
    EXPECT_EQ(order_of({batch}), order_of({whole[i]}));
  }
}

std::shared_ptr<ListDataset> with_repeats(int anchors, int each) {
  std::vector<Example> examples;
  for (int i = 0; i < anchors; ++i) {
    for (int j = 0; j < each; ++j) {
      examples.push_back({{"anchor " + std::to_string(i),
                           "positive " + std::to_string(i) + " " + std::to_string(j)},
                          {1}});
    }
  }
  return std::make_shared<ListDataset>(std::move(examples));
}

void expect_no_duplicates(const std::vector<DrawnBatch>& batches) {
  for (const DrawnBatch& batch : batches) {
    std::set<std::string> seen;
    for (const Example& example : batch.examples) {
      const std::set<std::string> own(example.texts.begin(), example.texts.end());
      for (const std::string& text : own) EXPECT_TRUE(seen.insert(text).second) << text;
    }
  }
}

TEST(Sampler, NoDuplicatesInABatch) {
  const auto data = with_repeats(20, 10);
  for (const int64_t buffer : {1, 50, 1000}) {
    const SamplerOptions options{
        .batch_size = 16, .batch_sampler = BatchSampler::no_duplicates, .shuffle_buffer = buffer};
    const auto batches = epoch_of({data}, options);
    expect_no_duplicates(batches);
    std::multiset<std::string> positives;
    for (const DrawnBatch& batch : batches) {
      EXPECT_LE(batch.examples.size(), 16u);
      for (const Example& example : batch.examples) positives.insert(example.texts[1]);
    }
    EXPECT_EQ(positives.size(), 200u);  // each example once
    EXPECT_EQ(std::set(positives.begin(), positives.end()).size(), 200u);
    EXPECT_EQ(batches[0].examples.size(), 16u);
    EXPECT_EQ(batches_per_epoch({data}, options), 13);
  }
}

// Texts are compared across columns, labels are not, and a text twice in one example is allowed.
TEST(Sampler, NoDuplicatesAcrossColumns) {
  const auto data = std::make_shared<ListDataset>(std::vector<Example>{
      {{"a", "b"}, {1}}, {{"b", "c"}, {1}}, {{"d", "d"}, {1}}, {{"e", "f"}, {1}}});
  SamplerOptions options{.batch_size = 3, .batch_sampler = BatchSampler::no_duplicates};
  options.shuffle_buffer = 1;
  const auto batches = epoch_of({data}, options);
  ASSERT_EQ(batches.size(), 2u);
  EXPECT_EQ(order_of({batches[0]}), (std::vector<std::string>{"a", "d", "e"}));
  EXPECT_EQ(order_of({batches[1]}), (std::vector<std::string>{"b"}));
}

TEST(Sampler, NoDuplicatesEndsInSmallerBatchesOrDropsThem) {
  const auto data = with_repeats(2, 6);  // two anchors: a batch holds two examples at most
  SamplerOptions options{.batch_size = 4, .batch_sampler = BatchSampler::no_duplicates};
  EXPECT_EQ(epoch_of({data}, options).size(), 6u);
  options.drop_last = true;
  EXPECT_EQ(epoch_of({data}, options).size(), 0u);
}

// Data that repeats one text for ever must not be read into memory while looking for another.
TEST(Sampler, NoDuplicatesReadsOnlySoFar) {
  class Endless : public Dataset {
   public:
    class Same : public Reader {
     public:
      explicit Same(int64_t& count) : count_(count) {}
      bool next(Example& example) override {
        example = {{"same"}, {}};
        return ++count_ < 1'000'000;
      }
      int64_t& count_;
    };
    std::unique_ptr<Reader> read() const override { return std::make_unique<Same>(count); }
    int64_t size() const override { return 1'000'000; }
    mutable int64_t count = 0;
  };
  const auto data = std::make_shared<Endless>();
  SamplerOptions options{.batch_size = 2, .batch_sampler = BatchSampler::no_duplicates};
  options.shuffle_buffer = 10;
  BatchStream stream({data}, options, 0);
  DrawnBatch batch;
  ASSERT_TRUE(stream.next(batch));
  EXPECT_EQ(batch.examples.size(), 1u);
  EXPECT_LT(data->count, 1000);
}

TEST(Sampler, ProportionalMixesBySize) {
  const Datasets data = {numbered("a", 800), numbered("b", 200)};
  const SamplerOptions options{.batch_size = 10};
  const auto batches = epoch_of(data, options);
  ASSERT_EQ(batches.size(), 100u);
  EXPECT_EQ(batches_per_epoch(data, options), 100);
  auto expected = texts_of(dynamic_cast<const ListDataset&>(*data[0]));
  const auto other = texts_of(dynamic_cast<const ListDataset&>(*data[1]));
  expected.insert(expected.end(), other.begin(), other.end());
  EXPECT_EQ(sorted(order_of(batches)), sorted(expected));
  size_t second = 0, second_early = 0;
  for (size_t i = 0; i < batches.size(); ++i) {
    for (const Example& example : batches[i].examples) {
      EXPECT_EQ(example.texts[0][0], batches[i].dataset == 0 ? 'a' : 'b');
    }
    second += batches[i].dataset;
    second_early += i < 50 ? batches[i].dataset : 0;
  }
  EXPECT_EQ(second, 20u);
  EXPECT_NEAR(static_cast<double>(second_early), 10, 7);
}

TEST(Sampler, ProportionalGivesEachExampleWithoutDuplicates) {
  const Datasets data = {with_repeats(2, 6), with_repeats(40, 1)};
  const SamplerOptions options{.batch_size = 4, .batch_sampler = BatchSampler::no_duplicates};
  const auto batches = epoch_of(data, options);
  expect_no_duplicates(batches);
  EXPECT_EQ(order_of(batches).size(), 52u);
  EXPECT_EQ(batches.size(), 16u);
  EXPECT_EQ(batches_per_epoch(data, options), 13);
}

TEST(Sampler, RoundRobinEndsWithTheSmallest) {
  const Datasets data = {numbered("a", 100), numbered("b", 25), numbered("c", 50)};
  SamplerOptions options{.batch_size = 10,
                         .multi_dataset_sampler = MultiDatasetSampler::round_robin};
  auto batches = epoch_of(data, options);
  ASSERT_EQ(batches.size(), 9u);
  for (size_t i = 0; i < batches.size(); ++i) EXPECT_EQ(batches[i].dataset, i % 3);
  EXPECT_EQ(batches[7].examples.size(), 5u);  // b's last
  EXPECT_EQ(batches_per_epoch(data, options), 9);
  options.drop_last = true;
  EXPECT_EQ(epoch_of(data, options).size(), 6u);
  EXPECT_EQ(batches_per_epoch(data, options), 6);
}

TEST(Sampler, AnEmptyDatasetHasNoBatches) {
  EXPECT_TRUE(epoch_of({numbered("a", 0)}, {}).empty());
  EXPECT_EQ(epoch_of({numbered("a", 0), numbered("b", 8)}, {}).size(), 1u);
}

TEST(Sampler, RefusesWrongOptions) {
  EXPECT_THROWS(std::invalid_argument, BatchStream({}, {}, 0), "no dataset");
  EXPECT_THROWS(std::invalid_argument, BatchStream({numbered("a", 1)}, {.batch_size = 0}, 0),
                "batch_size is 0");
  EXPECT_THROWS(std::invalid_argument, BatchStream({numbered("a", 1)}, {.shuffle_buffer = -1}, 0),
                "shuffle_buffer is -1");
}

}  // namespace
}  // namespace sentence_transformers
