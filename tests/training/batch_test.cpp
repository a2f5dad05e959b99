// A batch by columns, its labels, and which texts are embedded together.
#include "training/batch.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "support.h"

namespace sentence_transformers {
namespace {

using Texts = std::vector<std::string_view>;

Batch two_pairs() { return {.examples = {{{"a", "b"}, {1}}, {{"c", "d"}, {0.5}}}}; }

TEST(Batch, Columns) {
  EXPECT_EQ(two_pairs().columns(), (std::vector<Texts>{{"a", "c"}, {"b", "d"}}));
  EXPECT_TRUE(Batch().columns().empty());
  const Batch uneven{.examples = {{{"a", "b"}}, {{"c"}}}};
  EXPECT_THROWS(std::invalid_argument, uneven.columns(), "[Batch::columns]",
                "example 1 has 1, the first has 2");
}

TEST(Batch, Labels) {
  EXPECT_TRUE(at::equal(two_pairs().labels(), at::tensor({1.0f, 0.5f})));
  const Batch several{.examples = {{{}, {1, 2, 3}}, {{}, {4, 5, 6}}}};
  EXPECT_TRUE(at::equal(several.labels(), at::arange(1, 7, at::kFloat).view({2, 3})));
  EXPECT_THROWS(std::invalid_argument, Batch().labels(), "[Batch::labels] expected labels",
                "the batch is empty");
  const Batch none{.examples = {{{"a"}, {}}}};
  EXPECT_THROWS(std::invalid_argument, none.labels(),
                "[Batch::labels] expected labels, found none");
  const Batch uneven{.examples = {{{}, {1}}, {{}, {}}}};
  EXPECT_THROWS(std::invalid_argument, uneven.labels(), "example 1 has 0, the first has 1");
}

TEST(Batch, ColumnsOfOnePromptAreOneSegment) {
  Batch batch{.examples = {{{"a", "b", "c"}}, {{"d", "e", "f"}}}};
  std::vector<Segment> found = segments(batch);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].texts, (Texts{"a", "d", "b", "e", "c", "f"}));

  batch.prompts = {"query: ", "", ""};
  found = segments(batch);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].prompt, "query: ");
  EXPECT_EQ(found[0].texts, (Texts{"a", "d"}));
  EXPECT_EQ(found[1].texts, (Texts{"b", "e", "c", "f"}));

  const auto parts = columns({at::zeros({2, 3}), at::ones({4, 3})}, 2);
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[2].sizes(), (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(parts[0].sum().item<float>(), 0);
  EXPECT_EQ(parts[1].sum().item<float>(), 6);

  batch.prompts = {"query: "};
  EXPECT_THROWS(std::invalid_argument, segments(batch),
                "[Batch] expected a prompt for each of 3 texts of an example, found 1");
  EXPECT_THROWS(std::invalid_argument, segments(Batch()), "[Batch] expected at least one example");
}

TEST(Batch, SampleDrawsInRisingOrder) {
  EXPECT_EQ(sample(4, -1), (std::vector<int64_t>{0, 1, 2, 3}));
  EXPECT_EQ(sample(2, 5), (std::vector<int64_t>{0, 1}));
  at::manual_seed(2);
  const std::vector<int64_t> drawn = sample(100, 7);
  EXPECT_EQ(drawn.size(), 7u);
  EXPECT_TRUE(std::is_sorted(drawn.begin(), drawn.end()));
  at::manual_seed(2);
  EXPECT_EQ(sample(100, 7), drawn);
}

}  // namespace
}  // namespace sentence_transformers
