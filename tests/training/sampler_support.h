// What the tests of batches share: datasets, and an epoch's batches as texts.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "training/sampler.h"

namespace sentence_transformers::test {

/// Examples "<name>0", "<name>1", ... with a label each.
inline std::shared_ptr<ListDataset> numbered(const std::string& name, int count) {
  std::vector<Example> examples;
  for (int i = 0; i < count; ++i) {
    examples.push_back({{name + std::to_string(i)}, {static_cast<float>(i)}});
  }
  return std::make_shared<ListDataset>(std::move(examples));
}

inline std::vector<DrawnBatch> epoch_of(const Datasets& datasets, const SamplerOptions& options,
                                        int64_t epoch = 0) {
  BatchStream stream(datasets, options, epoch);
  std::vector<DrawnBatch> batches;
  for (DrawnBatch batch; stream.next(batch);) batches.push_back(batch);
  DrawnBatch after;
  EXPECT_FALSE(stream.next(after));  // the end stays the end
  return batches;
}

inline std::vector<std::string> order_of(const std::vector<DrawnBatch>& batches) {
  std::vector<std::string> order;
  for (const DrawnBatch& batch : batches) {
    for (const Example& example : batch.examples) order.push_back(example.texts[0]);
  }
  return order;
}

/// What can only be read front to back, as from gzip.
class OnlyStream : public Dataset {
 public:
  explicit OnlyStream(std::shared_ptr<const Dataset> data) : data_(std::move(data)) {}
  std::unique_ptr<Reader> read() const override { return data_->read(); }
  int64_t size() const override { return data_->size(); }

 private:
  std::shared_ptr<const Dataset> data_;
};

inline std::vector<std::string> sorted(std::vector<std::string> texts) {
  std::sort(texts.begin(), texts.end());
  return texts;
}

inline std::vector<std::string> texts_of(const ListDataset& dataset) {
  std::vector<std::string> texts;
  for (const Example& example : dataset.examples()) texts.push_back(example.texts[0]);
  return texts;
}

}  // namespace sentence_transformers::test
