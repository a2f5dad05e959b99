// Gradient checkpointing gives what plain layers give: values, gradients, random numbers.
#include "nn/gradient_checkpointing.h"

#include <ATen/ATen.h>
#include <sentence_transformers/sentence_transformers.h>

#include "nn/random_state.h"
#include "support.h"

namespace sentence_transformers {
namespace {

using namespace test;

TEST(Checkpoint, ValuesAndGradientsOfALayer) {
  seed_generators(at::kCPU, 1);
  const at::Tensor weight = at::randn({4, 4}).requires_grad_(), x = at::randn({3, 4});
  int calls = 0;
  const auto layer = [&](const at::Tensor& in) {
    ++calls;
    return at::tanh(at::dropout(at::linear(in, weight), 0.5, true));
  };
  std::vector<at::Tensor> values, gradients;
  for (const bool on : {false, true}) {
    seed_generators(at::kCPU, 2);
    weight.mutable_grad() = at::Tensor();
    const at::Tensor input = x.clone().requires_grad_();
    at::Tensor y = input;
    for (int i = 0; i < 2; ++i) y = on ? gradient_checkpoint(layer, y) : layer(y);
    y.pow(2).sum().backward();
    values.insert(values.end(), {y.detach(), at::rand({3})});  // later numbers are the same, too
    gradients.insert(gradients.end(), {input.grad().clone(), weight.grad().clone()});
  }
  EXPECT_EQ(calls, 2 + 4);
  EXPECT_TRUE(at::equal(values[2], values[0]));
  EXPECT_TRUE(at::equal(values[3], values[1]));
  EXPECT_TRUE(at::equal(gradients[2], gradients[0]));
  EXPECT_TRUE(at::equal(gradients[3], gradients[1]));
}

TEST(Checkpoint, RunsOnceWithoutGradients) {
  int calls = 0;
  const auto layer = [&](const at::Tensor& in) {
    ++calls;
    return in * 2;
  };
  EXPECT_TRUE(at::equal(gradient_checkpoint(layer, at::ones({2})), at::full({2}, 2.0)));
  const at::NoGradGuard no_grad;
  gradient_checkpoint(layer, at::ones({2}).requires_grad_());
  EXPECT_EQ(calls, 2);
}

TEST(Checkpoint, AnErrorInALayerArrives) {
  const auto layer = [](const at::Tensor&) -> at::Tensor { throw std::runtime_error("broken"); };
  EXPECT_THROWS(std::runtime_error, gradient_checkpoint(layer, at::ones({2}).requires_grad_()),
                "broken");
}

at::Tensor forward(const SentenceTransformer& model) {
  return model.forward({"the sun is good", "", "a dog and a cat play in the sun"});
}
at::Tensor forward(const CrossEncoder& model) {
  return model.forward({{"the sun is good", "a dog"}, {"", ""}, {"the man", "in the weather"}});
}

template <class Model>
void check_model(const std::string& folder) {
  Model model(golden(folder).string(), {.device = "cpu"});
  model.train();
  std::vector<at::Tensor> values, gradients;
  for (const bool on : {false, true}) {
    model.set_gradient_checkpointing(on);
    seed_generators(at::kCPU, 5);
    const at::Tensor y = forward(model);
    (y * at::arange(y.numel()).view_as(y)).sum().backward();
    values.push_back(y.detach());
    for (const auto& [name, p] : model.named_parameters()) {
      gradients.push_back(p.grad().defined() ? p.grad().clone() : at::Tensor());
      p.mutable_grad() = at::Tensor();
    }
  }
  // To rounding: without gradients LayerNorm is a loop of the library's own.
  EXPECT_LE(largest_difference(values[0], values[1]), 1e-5);
  const size_t half = gradients.size() / 2;
  const auto names = model.named_parameters();
  for (size_t i = 0; i < half; ++i) {
    ASSERT_EQ(gradients[i].defined(), gradients[half + i].defined()) << names[i].first;
    if (!gradients[i].defined()) continue;
    const double size = std::max(1.0, gradients[i].abs().max().item<double>());
    EXPECT_LE(largest_difference(gradients[i], gradients[half + i]) / size, 1e-5) << names[i].first;
  }
}

TEST(Checkpoint, GradientsOfModelsWithDropout) {
  check_model<SentenceTransformer>("tiny_bert");
  check_model<CrossEncoder>("tiny_cross");
}

}  // namespace
}  // namespace sentence_transformers
