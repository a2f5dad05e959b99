// SpladePooling in parts: texts longer than what it scores at once, and several texts together.
#include "modules/splade_pooling.h"

#include <ATen/ATen.h>

#include "encoders/encoder.h"
#include "support.h"

namespace sentence_transformers {
namespace {

using namespace test;

/// Scores that are a product with a fixed table.
class Product : public LanguageHead {
 public:
  explicit Product(at::Tensor table) : table_(std::move(table)) {}
  at::Tensor forward(const at::Tensor& x) const override { return at::mm(x, table_); }

 private:
  at::Tensor table_;
};

TEST(SpladePooling, PartsGiveWhatTheWholeGives) {
  at::manual_seed(3);
  const Product words(at::randn({5, 11}, at::kFloat));
  Features features{.words = &words};
  features.batch.groups = {{0, 40, 7}, {280, 2, 256}, {792, 2, 600}};
  features.token_embeddings = at::randn({1992, 5}, at::kFloat);
  const at::Tensor weights =
      at::log1p(at::relu(words.forward(features.token_embeddings)));  // [T, words]
  for (const bool sum : {false, true}) {
    std::vector<at::Tensor> expected;
    for (const auto& [offset, count, length] : features.batch.groups) {
      for (int64_t i = 0; i < count; ++i) {
        const at::Tensor text = weights.narrow(0, offset + i * length, length);
        expected.push_back(sum ? text.sum(0) : text.amax(0));
      }
    }
    const SpladePooling pooling(11,
                                sum ? SpladePooling::Strategy::sum : SpladePooling::Strategy::max);
    EXPECT_EQ(pooling.output_sizes({.words = 11}), (FeatureSizes{.sentence_embedding = 11}));
    for (const bool gradients : {false, true}) {
      const at::AutoGradMode mode(gradients);
      pooling.forward(features);
      EXPECT_LE(largest_difference(features.sentence_embedding, at::stack(expected)), 1e-4);
    }
  }
}

}  // namespace
}  // namespace sentence_transformers
