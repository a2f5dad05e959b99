// Batches in which no text stands twice: as many an epoch as Python makes of the same data.
#include <map>
#include <set>

#include "support.h"
#include "training/sampler_support.h"

namespace sentence_transformers {
namespace {

using namespace test;

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

TEST(NoDuplicates, NoDuplicatesInABatch) {
  const auto data = with_repeats(20, 10);
  const auto stream = std::make_shared<OnlyStream>(data);
  for (const auto& [dataset, buffer] :
       std::vector<std::pair<std::shared_ptr<const Dataset>, int64_t>>{
           {data, 1}, {data, 50}, {stream, 50}, {stream, 1000}}) {
    const SamplerOptions options{
        .batch_size = 16, .batch_sampler = BatchSampler::no_duplicates, .shuffle_buffer = buffer};
    const auto batches = epoch_of({dataset}, options);
    expect_no_duplicates(batches);
    std::multiset<std::string> positives;
    for (const DrawnBatch& batch : batches) {
      EXPECT_LE(batch.examples.size(), 16u);
      for (const Example& example : batch.examples) positives.insert(example.texts[1]);
    }
    EXPECT_EQ(std::set(positives.begin(), positives.end()).size(), positives.size());
    EXPECT_GT(positives.size(), 165u);
    EXPECT_EQ(batches[0].examples.size(), 16u);
    EXPECT_EQ(batches.size(), 13u);
    EXPECT_EQ(batches_per_epoch({dataset}, options), 13);
  }
}

// Python 6.2's sampler over the same data, its trainer taking no more batches than its len().
TEST(NoDuplicates, WithoutDuplicatesAnEpochIsAsLongAsPythons) {
  struct Case {
    int anchors, each;
    int64_t batch_size;
    bool drop_last;
    size_t batches, least_size;
  };
  for (const Case& c :
       {Case{4, 100, 8, false, 50, 4}, Case{2, 6, 4, false, 3, 2}, Case{2, 6, 4, true, 0, 0},
        Case{10, 4, 4, true, 10, 4}, Case{3, 40, 3, true, 40, 3}, Case{6, 20, 5, true, 24, 5},
        Case{20, 10, 16, true, 12, 16}, Case{8, 50, 8, true, 50, 8}}) {
    for (uint64_t seed = 0; seed < 20; ++seed) {
      const SamplerOptions options{.batch_size = c.batch_size,
                                   .batch_sampler = BatchSampler::no_duplicates,
                                   .drop_last = c.drop_last,
                                   .seed = seed};
      const auto batches = epoch_of({with_repeats(c.anchors, c.each)}, options);
      EXPECT_EQ(batches.size(), c.batches) << c.anchors << " x " << c.each;
      expect_no_duplicates(batches);
      for (const DrawnBatch& batch : batches) EXPECT_GE(batch.examples.size(), c.least_size);
    }
  }
}

TEST(NoDuplicates, BatchesWithTooFewForEachProcessAreDropped) {
  SamplerOptions options{.batch_size = 4, .least = 2};
  EXPECT_EQ(epoch_of({numbered("a", 9)}, options).size(), 2u);
  EXPECT_EQ(batches_per_epoch({numbered("a", 9)}, options), 2);
  EXPECT_EQ(epoch_of({numbered("a", 10)}, options).size(), 3u);
  EXPECT_EQ(batches_per_epoch({numbered("a", 10)}, options), 3);
  options.batch_sampler = BatchSampler::no_duplicates;
  EXPECT_EQ(epoch_of({with_repeats(1, 9)}, options).size(), 0u);
}

// Texts are compared across columns, labels are not, and a text twice in one example is allowed.
TEST(NoDuplicates, NoDuplicatesAcrossColumns) {
  const auto data = std::make_shared<ListDataset>(std::vector<Example>{
      {{"a", "b"}, {1}}, {{"b", "c"}, {1}}, {{"d", "d"}, {1}}, {{"e", "f"}, {1}}});
  SamplerOptions options{.batch_size = 3, .batch_sampler = BatchSampler::no_duplicates};
  options.shuffle_buffer = 1;
  const auto batches = epoch_of({data}, options);
  ASSERT_EQ(batches.size(), 2u);
  EXPECT_EQ(order_of({batches[0]}), (std::vector<std::string>{"a", "d", "e"}));
  EXPECT_EQ(order_of({batches[1]}), (std::vector<std::string>{"b"}));
}

TEST(NoDuplicates, NoDuplicatesEndsInSmallerBatchesOrDropsThem) {
  const auto data = with_repeats(2, 6);  // two anchors: a batch holds two examples at most
  SamplerOptions options{.batch_size = 4, .batch_sampler = BatchSampler::no_duplicates};
  EXPECT_EQ(epoch_of({data}, options).size(), 3u);
  options.drop_last = true;
  EXPECT_EQ(epoch_of({data}, options).size(), 0u);
}

// Data that repeats one text for ever must not be read into memory while looking for another.
TEST(NoDuplicates, NoDuplicatesReadsOnlySoFar) {
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

TEST(NoDuplicates, ProportionalWithoutDuplicatesTakesAsManyAsPython) {
  const Datasets data = {with_repeats(2, 6), with_repeats(40, 1)};
  const SamplerOptions options{.batch_size = 4, .batch_sampler = BatchSampler::no_duplicates};
  const auto batches = epoch_of(data, options);
  expect_no_duplicates(batches);
  EXPECT_EQ(order_of(batches).size(), 46u);  // three batches of two, ten of four
  EXPECT_EQ(batches.size(), 13u);
  EXPECT_EQ(batches_per_epoch(data, options), 13);
}

}  // namespace
}  // namespace sentence_transformers
