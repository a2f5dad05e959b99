#include "passes.h"

#include <mutex>
#include <stdexcept>

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
                 for (const Group& g : batch.groups) {
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
