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
  a.lr_scheduler_type = Schedule::constant;
  EXPECT_DOUBLE_EQ(scheduled_rate(a, 9, 10), 2.0);
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
