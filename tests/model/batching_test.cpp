#include "model/batching.h"

#include <ATen/Parallel.h>
#include <sentence_transformers/error.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "support.h"

namespace sentence_transformers::test {
namespace {

/// Inputs that are their tokens.
Tokenize tokens_of(const std::vector<std::vector<int64_t>>& inputs) {
  return [&inputs](size_t i) {
    return Encoding{inputs[i], std::vector<int64_t>(inputs[i].size()),
                    static_cast<int64_t>(inputs[i].size())};
  };
}

TEST(Passes, InputsOfTheSameTokensRunOnce) {
  const std::vector<std::vector<int64_t>> inputs = {{1, 2}, {3}, {1, 2}, {4, 5, 6},
                                                    {3},    {7}, {1, 2}, {2, 1}};
  for (const int64_t batch_size : {1, 2, 3, 32}) {
    EncodeReport report;
    std::mutex mutex;
    std::vector<std::vector<int64_t>> ran(inputs.size());
    int64_t texts = 0;
    run_passes(inputs.size(), tokens_of(inputs),
               {.function = "Test", .title = "", .batch_size = batch_size, .report = &report},
               [&](TokenBatch batch, const std::vector<Place>& places) {
                 const std::lock_guard lock(mutex);
                 EXPECT_LE(batch.texts(), batch_size);
                 texts += batch.texts();
                 std::vector<std::vector<int64_t>> rows;
                 for (const LengthGroup& g : batch.groups) {
                   for (int64_t i = 0; i < g.count; ++i) {
                     const at::Tensor ids = batch.ids.narrow(0, g.offset + i * g.length, g.length);
                     rows.emplace_back(ids.const_data_ptr<int64_t>(),
                                       ids.const_data_ptr<int64_t>() + g.length);
                   }
                 }
                 for (const auto& [row, input] : places) ran[input] = rows.at(row);
               });
    EXPECT_EQ(ran, inputs) << batch_size;
    EXPECT_EQ(texts, 5);
    EXPECT_EQ(report.texts, 8);
    EXPECT_EQ(report.tokens, 14);
  }
}

TEST(Passes, TypesTellInputsApart) {
  int64_t texts = 0;
  run_passes(
      2, [](size_t i) { return Encoding{{1, 2}, {0, static_cast<int64_t>(i)}, 2}; },
      {.function = "Test", .title = ""},
      [&](TokenBatch batch, const std::vector<Place>&) { texts += batch.texts(); });
  EXPECT_EQ(texts, 2);
}

TEST(Passes, ASinglePassKeepsEveryInput) {
  const std::vector<std::vector<int64_t>> inputs = {{1}, {2, 3}, {1}, {4, 5, 6}};
  const SinglePass pass =
      single_pass(inputs.size(), tokens_of(inputs), {.function = "Test", .title = ""});
  EXPECT_EQ(pass.batch.texts(), 4);
  EXPECT_EQ(pass.batch.ids.numel(), 7);
  EXPECT_TRUE(at::equal(pass.rows, at::tensor({2, 1, 3, 0}, at::kLong)));
  EXPECT_THROWS(std::invalid_argument,
                single_pass(0, tokens_of(inputs), {.function = "Test", .title = ""}),
                "[Test] expected a text");
}

std::vector<std::vector<int64_t>> different_inputs(size_t count) {
  std::vector<std::vector<int64_t>> inputs;
  for (size_t i = 0; i < count; ++i) inputs.push_back({static_cast<int64_t>(i), 1});
  return inputs;
}

class PassesOnThreads : public testing::TestWithParam<int> {
 protected:
  void SetUp() override { at::set_num_threads(GetParam()); }
  void TearDown() override { at::set_num_threads(before_); }

 private:
  const int before_ = at::get_num_threads();
};

TEST_P(PassesOnThreads, AnExceptionBeginsNoMorePasses) {
  const auto inputs = different_inputs(1000);
  std::atomic<int> begun = 0;
  EXPECT_THROWS(std::out_of_range,
                run_passes(inputs.size(), tokens_of(inputs),
                           {.function = "Test", .title = "", .batch_size = 1},
                           [&](TokenBatch, const std::vector<Place>&) {
                             if (begun++ == 5) throw std::out_of_range("the sixth");
                             std::this_thread::sleep_for(std::chrono::milliseconds(1));
                           }),
                "the sixth");
  EXPECT_GE(begun, 6);
  EXPECT_LT(begun, 100);
}

TEST_P(PassesOnThreads, AnExceptionTokenizesNoMore) {
  std::atomic<int> begun = 0;
  const auto tokenize = [&](size_t) -> Encoding {
    if (begun++ == 5) throw std::out_of_range("the sixth");
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return {{1}, {0}, 1};
  };
  EXPECT_THROWS(std::out_of_range,
                run_passes(4000, tokenize, {.function = "Test", .title = ""},
                           [](TokenBatch, const std::vector<Place>&) { ADD_FAILURE(); }),
                "the sixth");
  EXPECT_LT(begun, 400);
}

TEST_P(PassesOnThreads, WhatLibTorchThrowsIsAnErrorOfOneLine) {
  const auto inputs = different_inputs(20);
  expect_one_line(
      [&] {
        run_passes(inputs.size(), tokens_of(inputs),
                   {.function = "Test", .title = "", .batch_size = 1},
                   [](TokenBatch, const std::vector<Place>&) {
                     at::zeros({2}, at::kFloat).narrow(0, 1, 5);
                   });
      },
      "[Test] LibTorch: ");
}

INSTANTIATE_TEST_SUITE_P(Threads, PassesOnThreads, testing::Values(1, 2, 4));

TEST(Passes, Mistakes) {
  const std::vector<std::vector<int64_t>> inputs = {{1}, {}};
  const auto run = [&](int64_t batch_size) {
    run_passes(2, tokens_of(inputs), {.function = "Test", .title = "", .batch_size = batch_size},
               [](TokenBatch, const std::vector<Place>&) {});
  };
  EXPECT_THROWS(std::invalid_argument, run(0), "[Test] batch_size is 0");
  EXPECT_THROWS(std::invalid_argument, run(2), "[Test] text 1 has no tokens");
  const std::vector<std::vector<int64_t>> large = {{1}, {7, int64_t{1} << 28}};
  EXPECT_THROWS(std::invalid_argument,
                run_passes(2, tokens_of(large), {.function = "Test", .title = ""},
                           [](TokenBatch, const std::vector<Place>&) {}),
                "[Test] text 1: token id 268435456 of type 0", "less than 2^28");
}

}  // namespace
}  // namespace sentence_transformers::test
