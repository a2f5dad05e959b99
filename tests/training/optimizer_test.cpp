#include "training/optimizer.h"

#include <sentence_transformers/error.h>

#include "support.h"

namespace sentence_transformers::test {
namespace {

TEST(Optimizer, DecaySparesBiasesAndNorms) {
  for (const char* name : {"encoder.layer.0.output.LayerNorm.weight", "a.bias", "layer.norm.weight",
                           "final_norm.weight", "RMSNorm.weight", "norm.weight"}) {
    EXPECT_TRUE(is_spared_from_decay(name)) << name;
  }
  for (const char* name :
       {"embeddings.word_embeddings.weight", "normal.weight", "denorms.weight"}) {
    EXPECT_FALSE(is_spared_from_decay(name)) << name;
  }
}

TEST(Optimizer, Schedules) {
  TrainingArguments a{.learning_rate = 2.0, .lr_scheduler_type = Schedule::linear};
  EXPECT_DOUBLE_EQ(scheduled_rate(a, 0, 10), 2.0);
  EXPECT_DOUBLE_EQ(scheduled_rate(a, 5, 10), 1.0);
  EXPECT_DOUBLE_EQ(scheduled_rate(a, 10, 10), 0.0);
  EXPECT_DOUBLE_EQ(scheduled_rate(a, 12, 10), 0.0);
  a.warmup_ratio = 0.15;  // of 10 steps: 1.5, rounded up
  EXPECT_DOUBLE_EQ(scheduled_rate(a, 0, 10), 0.0);
  EXPECT_DOUBLE_EQ(scheduled_rate(a, 1, 10), 1.0);
  EXPECT_DOUBLE_EQ(scheduled_rate(a, 2, 10), 2.0);
  a.warmup_steps = 4;  // wins over the ratio
  EXPECT_DOUBLE_EQ(scheduled_rate(a, 1, 10), 0.5);
  a.lr_scheduler_type = Schedule::cosine;
  EXPECT_NEAR(scheduled_rate(a, 7, 10), 1.0, 1e-12);
}

// transformers 5.23: get_scheduler(name, optimizer, num_warmup_steps=3, num_training_steps=8).
TEST(Optimizer, SchedulesArePythons) {
  const std::map<Schedule, std::vector<double>> python = {
      {Schedule::constant, {1e-3, 1e-3, 1e-3, 1e-3, 1e-3, 1e-3, 1e-3, 1e-3}},
      {Schedule::constant_with_warmup,
       {0, 0.0003333333333333333, 0.0006666666666666666, 1e-3, 1e-3, 1e-3, 1e-3, 1e-3}},
      {Schedule::linear,
       {0, 0.0003333333333333333, 0.0006666666666666666, 1e-3, 8e-4, 6e-4, 4e-4, 2e-4}},
      {Schedule::cosine,
       {0, 0.0003333333333333333, 0.0006666666666666666, 1e-3, 0.0009045084971874737,
        0.0006545084971874737, 0.00034549150281252633, 9.549150281252633e-05}}};
  for (const auto& [schedule, rates] : python) {
    const TrainingArguments a{
        .learning_rate = 1e-3, .lr_scheduler_type = schedule, .warmup_steps = 3};
    for (size_t i = 0; i < rates.size(); ++i) {
      EXPECT_NEAR(scheduled_rate(a, static_cast<int64_t>(i), 8), rates[i], 1e-15) << i;
    }
  }
}

// As parameters on several devices, which no operator takes at once.
TEST(Optimizer, TakesParametersOfSeveralKinds) {
  at::Tensor a = at::zeros({2}).requires_grad_(), b = at::zeros({1}, at::kDouble).requires_grad_(),
             c = at::zeros({2}, at::kBFloat16).requires_grad_();
  AdamW optimizer({{"a", a}, {"b", b}, {"c", c}}, {});
  a.mutable_grad() = at::tensor({2.0f, 3.0f});
  b.mutable_grad() = at::tensor({6.0}, at::kDouble);
  c.mutable_grad() = at::zeros({2}, at::kBFloat16);
  EXPECT_NEAR(optimizer.clip_gradients(3.5), 7.0, 1e-6);  // part of it is summed in float32
  EXPECT_NEAR(a.grad()[1].item<double>(), 1.5, 1e-6);
  EXPECT_NEAR(b.grad().item<double>(), 3.0, 1e-6);
  optimizer.step(0.5);
  for (const at::Tensor& parameter : {a[0], a[1], b[0]}) {
    EXPECT_NEAR(parameter.item<double>(), -0.5, 1e-5);
  }
}

TEST(Optimizer, ClipsTheWholeGradient) {
  at::Tensor a = at::zeros({2}).requires_grad_(), b = at::zeros({1}).requires_grad_();
  const at::Tensor without = at::zeros({1}).requires_grad_();
  AdamW optimizer({{"a", a}, {"b", b}, {"without", without}}, {});
  const auto set = [&] {
    a.mutable_grad() = at::tensor({2.0f, 3.0f});
    b.mutable_grad() = at::tensor({6.0f});
  };
  set();
  EXPECT_DOUBLE_EQ(optimizer.clip_gradients(0), 7.0);
  EXPECT_EQ(a.grad()[0].item<float>(), 2.0f);
  EXPECT_DOUBLE_EQ(optimizer.clip_gradients(3.5), 7.0);
  EXPECT_NEAR(b.grad().item<double>(), 3.0, 1e-5);
  set();
  EXPECT_DOUBLE_EQ(optimizer.clip_gradients(8), 7.0);
  EXPECT_EQ(b.grad().item<float>(), 6.0f);
  optimizer.step(0.1);
  EXPECT_FALSE(a.grad().defined());
  EXPECT_EQ(without.item<float>(), 0.0f);
  EXPECT_EQ(optimizer.state().size(), 6u);  // nothing of the one without gradient
}

}  // namespace
}  // namespace sentence_transformers::test
