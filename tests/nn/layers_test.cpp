// The layers, packed and plain, against the formula in double.
#include "nn/layers.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <sentence_transformers/error.h>

#include "support.h"

namespace sentence_transformers {
namespace {

using namespace test;
using Tensors = std::vector<std::pair<std::string, at::Tensor>>;

constexpr int64_t kIn = 24, kOut = 40, kTokens = 17;

class LayersTest : public testing::Test {
 protected:
  LayersTest() { at::manual_seed(3); }
  Weights weights(const Tensors& tensors) {
    write_safetensors(dir_.path() / "w.safetensors", tensors);
    return Weights({SafeTensors::open(dir_.path() / "w.safetensors")});
  }
  std::shared_ptr<Linear> linear(bool bias = true) {
    Tensors tensors = {{"weight", at::randn({kOut, kIn})}};
    if (bias) tensors.emplace_back("bias", at::randn({kOut}));
    return std::make_shared<Linear>(weights(tensors), kIn, kOut, bias);
  }
  /// What the layer must give, in double.
  static at::Tensor expected(const Linear& l, const at::Tensor& x) {
    at::Tensor y = x.to(at::kDouble).matmul(l.weight.detach().to(at::kDouble).t());
    if (l.bias.defined()) y = y + l.bias.detach().to(at::kDouble);
    return y;
  }

  const at::Tensor x = at::randn({kTokens, kIn});
  TempDir dir_;
};

class EachActivation : public LayersTest, public testing::WithParamInterface<Activation> {};

TEST_P(EachActivation, PackedEqualsPlain) {
  for (const bool bias : {true, false}) {
    const auto l = linear(bias);
    const at::Tensor wanted = activate(expected(*l, x), GetParam());
    const at::NoGradGuard no_grad;
    for (const bool training : {true, false, true, false}) {
      l->train(training);
      EXPECT_LE(largest_difference(l->forward(x, GetParam()), wanted), 1e-5);
      EXPECT_LE(
          largest_difference(l->forward(x.narrow(0, 5, 1), GetParam()), wanted.narrow(0, 5, 1)),
          1e-5);
      EXPECT_LE(largest_difference(l->forward(x.t().contiguous().t(), GetParam()), wanted), 1e-5);
    }
  }
}

TEST_P(EachActivation, GradientsReachTheParameters) {
  const auto l = linear();
  for (const bool training : {true, false}) {
    l->train(training);
    l->zero_grad();
    const at::Tensor input = x.clone().requires_grad_(true);
    l->forward(input, GetParam()).sum().backward();
    for (const at::Tensor& tensor : {l->weight, l->bias, input}) {
      ASSERT_TRUE(tensor.grad().defined());
      EXPECT_GT(tensor.grad().abs().sum().item<double>(), 0);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Layers, EachActivation,
                         testing::Values(Activation::none, Activation::gelu, Activation::gelu_tanh,
                                         Activation::relu, Activation::silu, Activation::tanh));

TEST_F(LayersTest, NoticesAParameterChangedAfterEval) {
  for (const bool bias : {false, true}) {
    const auto l = linear();
    l->eval();
    const at::NoGradGuard no_grad;
    l->forward(x);
    (bias ? l->bias : l->weight).mul_(3);
    EXPECT_LE(largest_difference(l->forward(x), expected(*l, x)), 1e-4);
    l->eval();  // packs anew
    EXPECT_LE(largest_difference(l->forward(x), expected(*l, x)), 1e-4);
  }
}

// A change through data() leaves no trace in the version, so only a fresh packing shows it.
TEST_F(LayersTest, TrainDropsThePackedWeightsAndEvalMakesThemAnew) {
  const at::NoGradGuard no_grad;
  for (const bool training : {true, false}) {
    const auto l = linear();
    l->eval();
    l->forward(x);
    l->weight.data().mul_(2);
    l->train(training);
    EXPECT_LE(largest_difference(l->forward(x), expected(*l, x)), 1e-4);
  }
}

TEST_F(LayersTest, FollowsAnotherType) {
  const auto l = linear();
  const at::Tensor wanted = expected(*l, x);
  l->to(at::kDouble);
  l->eval();
  const at::NoGradGuard no_grad;
  EXPECT_LE(largest_difference(l->forward(x.to(at::kDouble)), wanted), 1e-10);
  for (const auto dtype : {at::kBFloat16, at::kHalf}) {
    l->to(dtype);
    l->eval();
    const at::Tensor y = l->forward(x.to(dtype), Activation::gelu);
    EXPECT_EQ(y.scalar_type(), dtype);
    EXPECT_LE(largest_difference(y, at::gelu(wanted)), 0.3);  // eight bits of entries up to 20
  }
}

TEST_F(LayersTest, WorksInInferenceMode) {
  const auto outside = linear();
  const at::Tensor wanted = expected(*outside, x);
  outside->eval();
  const c10::InferenceMode inference;
  EXPECT_LE(largest_difference(outside->forward(x), wanted), 1e-5);
  const auto inside = linear();  // a caller may load its model in inference mode
  inside->eval();
  EXPECT_LE(largest_difference(inside->forward(x), expected(*inside, x)), 1e-5);
}

TEST_F(LayersTest, NamesItsParameters) {
  const auto l = linear();
  EXPECT_EQ(l->named_parameters().keys(), (std::vector<std::string>{"weight", "bias"}));
  EXPECT_EQ(linear(false)->named_parameters().keys(), std::vector<std::string>{"weight"});
}

TEST_F(LayersTest, LayerNorm) {
  const at::Tensor gamma = at::randn({kIn}), beta = at::randn({kIn});
  const at::Tensor d = x.to(at::kDouble);
  for (const double eps : {1e-12, 0.5}) {
    const at::Tensor centred = d - d.mean({1}, true);
    const at::Tensor wanted =
        centred / (centred.pow(2).mean({1}, true) + eps).sqrt() * gamma + beta;
    const LayerNorm now(weights({{"weight", gamma}, {"bias", beta}}), kIn, eps);
    EXPECT_LE(largest_difference(now.forward(x).detach(), wanted), 1e-5);
    const LayerNorm old(weights({{"gamma", gamma}, {"beta", beta}}), kIn, eps);
    EXPECT_LE(largest_difference(old.forward(x).detach(), wanted), 1e-5);
  }
}

TEST_F(LayersTest, Embedding) {
  const at::Tensor table = at::randn({5, 3});
  const Embedding e(weights({{"weight", table}}), 5, 3);
  const at::Tensor ids = at::tensor({4, 0, 4}, at::kLong);
  EXPECT_TRUE(at::equal(e.forward(ids).detach(), table.index_select(0, ids)));
  e.forward(ids).sum().backward();
  EXPECT_EQ(e.weight.grad().sum().item<double>(), 9);
}

TEST_F(LayersTest, NamesAMissingParameter) {
  const Weights w = weights({{"weight", at::ones({kOut, kIn})}});
  EXPECT_THROWS(LoadError, Linear(w, kIn, kOut), "\"bias\" [40] is missing");
  EXPECT_THROWS(LoadError, Linear(w, kOut, kIn, false), "expected shape [24, 40], found [40, 24]");
  EXPECT_THROWS(LoadError, LayerNorm(w / "LayerNorm", kIn, 1e-5), "\"LayerNorm.weight\"");
  EXPECT_THROWS(LoadError, Embedding(w, 3, kIn), "expected shape [3, 24]");
}

TEST(Activation, Names) {
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, Activation>>{{"gelu", Activation::gelu},
                                                       {"gelu_python", Activation::gelu},
                                                       {"gelu_new", Activation::gelu_tanh},
                                                       {"gelu_pytorch_tanh", Activation::gelu_tanh},
                                                       {"gelu_fast", Activation::gelu_tanh},
                                                       {"relu", Activation::relu},
                                                       {"silu", Activation::silu},
                                                       {"swish", Activation::silu},
                                                       {"tanh", Activation::tanh},
                                                       {"linear", Activation::none}}) {
    EXPECT_EQ(parse_activation(name, ""), value) << name;
  }
  for (const std::string name : {"mish", "", "GELU", "gelu "}) {
    EXPECT_THROWS(UnsupportedError, parse_activation(name, "[Bert] c.json: \"hidden_act\""),
                  "[Bert] c.json: \"hidden_act\" is \"" + name + "\"; known: gelu, ", "tanh");
  }
}

TEST(Activation, Values) {
  const at::Tensor x = at::tensor({-1.0, 0.5}, at::kDouble);
  const auto expect = [&](Activation activation, double a, double b) {
    EXPECT_LE(largest_difference(activate(x, activation), at::tensor({a, b}, at::kDouble)), 1e-6);
  };
  expect(Activation::none, -1.0, 0.5);
  expect(Activation::gelu, -0.15865525, 0.34573123);
  expect(Activation::gelu_tanh, -0.15880801, 0.34571401);
  expect(Activation::relu, 0, 0.5);
  expect(Activation::silu, -0.26894142, 0.31122967);
  expect(Activation::tanh, -0.76159416, 0.46211716);
}

}  // namespace
}  // namespace sentence_transformers
