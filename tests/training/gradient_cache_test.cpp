// Losses in mini-batches against the same in one pass: values, gradients, random numbers, autocast.
#include "training/gradient_cache.h"

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "support.h"
#include "training/golden_losses.h"

namespace sentence_transformers {
namespace {

using test::golden;
using test::largest_difference;

/// Any loss, in mini-batches.
template <class Base>
class Cached : public Base {
 public:
  template <class... Arguments>
  explicit Cached(int64_t size, Arguments&&... arguments)
      : Base(std::forward<Arguments>(arguments)...), size_(size) {}
  int64_t mini_batch_size() const override { return size_; }

 private:
  int64_t size_;
};

class GradientCache : public ::testing::Test {
 protected:
  GradientCache() : model_(golden("tiny_bert").string()) {
    model_.train();
    model_.set_dropout(0);
    const auto& texts = test::golden_losses().at("texts");
    for (const auto& row : texts) {
      batch_.examples.push_back({.texts = {row[0], row[1]}, .labels = {}});
    }
  }

  /// Gradients after backward of `factor` times the loss, which is kept in `value`.
  std::vector<at::Tensor> gradients(Loss& loss, double factor = 1, double* value = nullptr) {
    std::vector<at::Tensor> tensors, result;
    for (const auto& named : {model_.named_parameters(), loss.named_parameters()}) {
      for (const auto& [name, parameter] : named) tensors.push_back(parameter);
    }
    for (const at::Tensor& t : tensors) t.mutable_grad() = at::Tensor();
    const at::Tensor found = loss.forward(model_, batch_);
    if (value) *value = found.item<double>();
    (found * factor).backward();
    for (const at::Tensor& t : tensors) {
      result.push_back(t.grad().defined() ? t.grad().clone() : at::Tensor());
    }
    return result;
  }

  static void expect_equal(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b,
                           double tolerance) {
    ASSERT_EQ(a.size(), b.size());
    for (size_t i = 0; i < a.size(); ++i) {
      ASSERT_EQ(a[i].defined(), b[i].defined()) << i;
      if (!a[i].defined()) continue;
      EXPECT_LT(largest_difference(a[i], b[i]), tolerance) << i;
    }
  }

  SentenceTransformer model_;
  Batch batch_;
};

TEST_F(GradientCache, EqualsOnePassForEverySize) {
  MultipleNegativesRankingLoss whole;
  double expected = 0;
  const auto wanted = gradients(whole, 1, &expected);
  for (const int64_t size : {1, 2, 3, 5, 7, 10, 64}) {
    CachedMultipleNegativesRankingLoss loss({}, size);
    double value = 0;
    expect_equal(gradients(loss, 1, &value), wanted, 1e-5);
    EXPECT_NEAR(value, expected, 1e-5) << size;
  }
}

TEST_F(GradientCache, CarriesTheFactorOfBackward) {
  MultipleNegativesRankingLoss whole;
  CachedMultipleNegativesRankingLoss loss({}, 3);
  expect_equal(gradients(loss, 0.25), gradients(whole, 0.25), 1e-5);
}

TEST_F(GradientCache, TheLossesOwnParametersLearnToo) {
  for (Example& example : batch_.examples) example.labels = {1};
  at::manual_seed(4);
  const auto plain = std::make_shared<SoftmaxLoss>(32);
  at::manual_seed(4);
  const auto cached = std::make_shared<Cached<SoftmaxLoss>>(3, 32);
  MatryoshkaLoss whole(plain, {32}, {0.5}), loss(cached, {32}, {0.5});
  EXPECT_EQ(loss.mini_batch_size(), 3);
  expect_equal(gradients(loss, 2), gradients(whole, 2), 1e-5);
  EXPECT_GT(plain->named_parameters()[0].second.grad().abs().max().item<double>(), 0);
}

TEST_F(GradientCache, DropoutDrawsTheSameNumbersTwice) {
  // If the second pass dropped other numbers, the gradient would not be that of the first.
  model_.set_dropout(0.3);
  CachedMultipleNegativesRankingLoss loss({}, 4);
  struct InParts : MultipleNegativesRankingLoss {
    at::Tensor forward(const SentenceTransformer& model, const Batch& batch) override {
      std::vector<std::string_view> texts;
      for (const auto& column : batch.columns()) {
        texts.insert(texts.end(), column.begin(), column.end());
      }
      std::vector<at::Tensor> parts;
      for (size_t i = 0; i < texts.size(); i += 4) {
        const size_t end = std::min(texts.size(), i + 4);
        parts.push_back(model.forward({texts.begin() + i, texts.begin() + end}));
      }
      const auto columns = at::cat(parts).chunk(2);
      return compute({columns[0], columns[1]}, batch);
    }
  } in_parts;
  at::manual_seed(9);
  const auto wanted = gradients(in_parts);
  const double next = at::rand({1}).item<double>();
  at::manual_seed(9);
  expect_equal(gradients(loss), wanted, 1e-5);
  EXPECT_EQ(at::rand({1}).item<double>(), next);  // backward leaves the generator where it was
  EXPECT_GT(largest_difference(gradients(loss)[0], wanted[0]), 1e-4);
}

TEST_F(GradientCache, RunsUnderAutocast) {
  MultipleNegativesRankingLoss whole;
  CachedMultipleNegativesRankingLoss loss({}, 3);
  const auto exact = gradients(whole);
  const auto under_autocast = [&](Loss& l) {
    for (const auto& [name, parameter] : model_.named_parameters())
      parameter.mutable_grad() = at::Tensor();
    at::autocast::set_autocast_enabled(at::kCPU, true);
    const at::Tensor value = l.forward(model_, batch_);
    at::autocast::set_autocast_enabled(at::kCPU, false);
    at::autocast::clear_cache();
    value.backward();
    std::vector<at::Tensor> result;
    for (const auto& [name, parameter] : model_.named_parameters()) {
      result.push_back(parameter.grad().defined() ? parameter.grad().clone() : at::Tensor());
    }
    return result;
  };
  const auto wanted = under_autocast(whole), found = under_autocast(loss);
  EXPECT_FALSE(at::autocast::is_autocast_enabled(at::kCPU));
  double error = 0, size = 0, rounding = 0;
  for (size_t i = 0; i < wanted.size(); ++i) {
    ASSERT_EQ(wanted[i].defined(), found[i].defined()) << i;
    if (!wanted[i].defined()) continue;
    error += (found[i] - wanted[i]).square().sum().item<double>();
    size += wanted[i].square().sum().item<double>();
    rounding += (exact[i] - wanted[i]).square().sum().item<double>();
  }
  EXPECT_GT(rounding, 0);          // it did run in bfloat16
  EXPECT_LT(error, 2 * rounding);  // and so did the second pass, as far from the exact one
  EXPECT_LT(error, 0.03 * 0.03 * size);
}

TEST_F(GradientCache, WorksWithGradientCheckpointing) {
  MultipleNegativesRankingLoss whole;
  const auto wanted = gradients(whole);
  model_.set_gradient_checkpointing(true);
  CachedMultipleNegativesRankingLoss loss({}, 3);
  expect_equal(gradients(loss), wanted, 1e-5);
}

TEST_F(GradientCache, GradientsGoToWhoAsksForThem) {
  CachedMultipleNegativesRankingLoss loss({}, 3);
  const auto wanted = gradients(loss);
  std::vector<at::Tensor> parameters;
  for (const auto& [name, parameter] : model_.named_parameters()) {
    parameter.mutable_grad() = at::Tensor();
    parameters.push_back(parameter);
  }
  const auto found = torch::autograd::grad({loss.forward(model_, batch_)}, parameters, {}, {},
                                           false, /*allow_unused=*/true);
  expect_equal(found, wanted, 1e-7);
  for (const at::Tensor& parameter : parameters) EXPECT_FALSE(parameter.grad().defined());
}

TEST_F(GradientCache, WithoutGradientsThereIsAValueAlone) {
  CachedMultipleNegativesRankingLoss loss({}, 3);
  double expected = 0;
  gradients(loss, 1, &expected);
  const at::NoGradGuard no_gradients;
  const at::Tensor value = loss.forward(model_, batch_);
  EXPECT_FALSE(value.requires_grad());
  EXPECT_NEAR(value.item<double>(), expected, 1e-5);
}

TEST_F(GradientCache, BackwardRunsOnce) {
  CachedMultipleNegativesRankingLoss loss({}, 3);
  const at::Tensor value = loss.forward(model_, batch_);
  value.backward({}, /*retain_graph=*/true);
  EXPECT_THROWS(std::logic_error, value.backward(), "the gradient cache is empty");
}

}  // namespace
}  // namespace sentence_transformers
