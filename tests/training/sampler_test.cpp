// Order, completeness and proportions of an epoch's batches.
#include "training/sampler.h"

#include <map>
#include <stdexcept>

#include "support.h"
#include "training/sampler_support.h"

namespace sentence_transformers {
namespace {

using namespace test;

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

TEST(Sampler, AStreamIsShuffledWithinTheBuffer) {
  const auto data = numbered("a", 1000);
  const auto stream = std::make_shared<OnlyStream>(data);
  const auto order = order_of(epoch_of({stream}, {.shuffle_buffer = 10}));
  size_t moved = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    const size_t place = std::stoul(order[i].substr(1));
    EXPECT_LE(place, i + 9);  // nothing comes from beyond the buffer
    moved += place != i;
  }
  EXPECT_GT(moved, 800u);
  EXPECT_EQ(order_of(epoch_of({data}, {.shuffle_buffer = 1})), texts_of(*data));
  EXPECT_EQ(order_of(epoch_of({stream}, {.shuffle_buffer = 1})), texts_of(*data));
  EXPECT_FALSE(is_shuffled_whole(*stream, 999));
  EXPECT_TRUE(is_shuffled_whole(*stream, 1000));
}

// Data that is sorted, by label as here, gives mixed batches whatever its size.
TEST(Sampler, SortedDataInMemoryIsShuffledWhole) {
  std::vector<Example> examples;
  constexpr int kCount = 5000;
  for (int i = 0; i < kCount; ++i)
    examples.push_back({{std::to_string(i)}, {i < kCount / 2 ? 0.0f : 1.0f}});
  const auto data = std::make_shared<ListDataset>(examples);
  EXPECT_TRUE(is_shuffled_whole(*data, 100));
  const auto batches = epoch_of({data}, {.batch_size = 50, .shuffle_buffer = 100});
  ASSERT_EQ(batches.size(), 100u);
  for (const DrawnBatch& batch : batches) {
    double ones = 0;
    for (const Example& example : batch.examples) ones += example.labels[0];
    EXPECT_NEAR(ones, 25, 20);
  }
  EXPECT_EQ(sorted(order_of(batches)), sorted(texts_of(*data)));
}

TEST(Sampler, ASortedFileIsShuffledWhole) {
  test::TempDir dir;
  std::string lines;
  for (int i = 0; i < 1000; ++i) lines += std::to_string(i) + "\n";
  test::write_file(dir.path() / "f.txt", lines);
  const auto data = std::make_shared<FileDataset>(std::vector{dir.path() / "f.txt"},
                                                  FileDatasetOptions{.format = FileFormat::lines});
  const auto order = order_of(epoch_of({data}, {.shuffle_buffer = 10}));
  EXPECT_EQ(order, order_of(epoch_of({numbered("", 1000)}, {.shuffle_buffer = 10})));
  size_t from_second_half = 0;
  for (size_t i = 0; i < 500; ++i) from_second_half += std::stoul(order[i]) >= 500 ? 1 : 0;
  EXPECT_NEAR(static_cast<double>(from_second_half), 250, 60);
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
  for (int i = 0; i < 9; ++i) ASSERT_TRUE(stream.next(batch, /*wanted=*/i % 2 == 0));
  for (size_t i = 9; i < whole.size(); ++i) {
    ASSERT_TRUE(stream.next(batch));
    EXPECT_EQ(batch.dataset, whole[i].dataset);
    EXPECT_EQ(order_of({batch}), order_of({whole[i]}));
  }
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

// In each epoch the batches of the datasets follow one another in another order.
TEST(Sampler, DatasetsAreMixedDifferentlyInEachEpoch) {
  const Datasets data = {numbered("a", 40), numbered("b", 40)};
  const auto mix = [&](uint64_t seed, int64_t epoch) {
    std::string order;
    for (const DrawnBatch& batch : epoch_of(data, {.batch_size = 1, .seed = seed}, epoch)) {
      order += batch.dataset == 0 ? 'a' : 'b';
    }
    return order;
  };
  EXPECT_EQ(mix(1, 0), mix(1, 0));
  EXPECT_NE(mix(1, 0), mix(1, 1));
  EXPECT_NE(mix(1, 1), mix(1, 2));
  EXPECT_NE(mix(1, 0), mix(2, 0));
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
