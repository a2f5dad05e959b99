// What the tests of datasets share: their examples, read front to back and by place.
#pragma once

#include <gtest/gtest.h>
#include <sentence_transformers/dataset.h>

#include <vector>

namespace sentence_transformers::test {

inline std::vector<Example> all_of(const Dataset& dataset) {
  const auto reader = dataset.read();
  std::vector<Example> examples;
  for (Example example; reader->next(example);) examples.push_back(example);
  Example after;
  EXPECT_FALSE(reader->next(after));
  return examples;
}

inline const FileDatasetOptions kScored{
    .format = FileFormat::csv, .texts = {"a", "b"}, .labels = {"score"}};

inline FileDatasetOptions tolerant(FileDatasetOptions options, double share) {
  options.strict = false;
  options.max_bad_share = share;
  return options;
}

/// All examples of a dataset by their place, last to first.
inline std::vector<Example> by_place(const Dataset& dataset) {
  const auto access = dataset.access();
  std::vector<Example> examples(static_cast<size_t>(access->size()));
  for (int64_t i = access->size() - 1; i >= 0; --i)
    access->get(i, examples[static_cast<size_t>(i)]);
  return examples;
}

inline void expect_equal(const std::vector<Example>& a, const std::vector<Example>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].texts, b[i].texts) << i;
    EXPECT_EQ(a[i].labels, b[i].labels) << i;
  }
}

}  // namespace sentence_transformers::test
