// The layers, packed and plain, against the formula in double.
#include "nn/layers.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <sentence_transformers/error.h>

#include "nn/block.h"
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
  /// A projection and its product.
  struct Layer {
    std::shared_ptr<Projection> projection;
    std::shared_ptr<Linear> product = std::make_shared<Linear>(projection);

    void pack(const ComputeType& compute = {}) const {
      PackedParameters packed;
      product->pack(compute, packed);
    }
    at::Tensor forward(const at::Tensor& x, Activation a = Activation::none) const {
      return product->forward(x, a);
    }
  };
  Layer linear(bool bias = true) {
    Tensors tensors = {{"weight", at::randn({kOut, kIn})}};
    if (bias) tensors.emplace_back("bias", at::randn({kOut}));
    return {std::make_shared<Projection>(weights(tensors), kIn, kOut, bias)};
  }
  /// What the layer must give, in double.
  static at::Tensor expected(const Layer& layer, const at::Tensor& x) {
    const Projection& l = *layer.projection;
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
    const Layer l = linear(bias);
    const at::Tensor wanted = activate(expected(l, x), GetParam());
    const at::NoGradGuard no_grad;
    for (const bool packed : {true, false, true, false}) {
      packed ? l.pack() : l.product->unpack();
      EXPECT_LE(largest_difference(l.forward(x, GetParam()), wanted), 1e-5);
      EXPECT_LE(
          largest_difference(l.forward(x.narrow(0, 5, 1), GetParam()), wanted.narrow(0, 5, 1)),
          1e-5);
      EXPECT_LE(largest_difference(l.forward(x.t().contiguous().t(), GetParam()), wanted), 1e-5);
    }
  }
}

TEST_P(EachActivation, GatedPairsAreAProductOfTheirHalves) {
  for (const int64_t outputs : {1, 8, 15, 16, 17, 40}) {
    SCOPED_TRACE(outputs);
    const auto project = [&](int64_t out) {
      return std::make_shared<Projection>(
          weights({{"weight", at::randn({out, kIn})}, {"bias", at::randn({out})}}), kIn, out);
    };
    const auto gate = project(outputs), up = project(outputs), both = project(2 * outputs);
    const at::NoGradGuard no_grad;
    const at::Tensor apart = activate(gate->forward(x), GetParam()) * up->forward(x);
    const at::Tensor halves = both->forward(x);
    const at::Tensor first = halves.narrow(1, 0, outputs),
                     second = halves.narrow(1, outputs, outputs);
    Linear two({{gate, 0, outputs}, {up, 0, outputs}}, true);
    Linear stacked({{both, 0, outputs}, {both, outputs, outputs}}, true);
    Linear turned({{both, outputs, outputs}, {both, 0, outputs}}, true);
    for (const bool packed : {false, true}) {
      PackedParameters parameters;
      for (Linear* l : {&two, &stacked, &turned}) {
        if (packed) l->pack({}, parameters);
      }
      EXPECT_LE(largest_difference(two.forward(x, GetParam()), apart), 5e-5);
      EXPECT_LE(
          largest_difference(stacked.forward(x, GetParam()), activate(first, GetParam()) * second),
          5e-5);
      EXPECT_LE(
          largest_difference(turned.forward(x, GetParam()), activate(second, GetParam()) * first),
          5e-5);
    }
  }
}

TEST_P(EachActivation, GradientsReachTheParameters) {
  const Layer l = linear();
  for (const bool packed : {false, true}) {
    packed ? l.pack() : l.product->unpack();
    l.projection->zero_grad();
    const at::Tensor input = x.clone().requires_grad_(true);
    l.forward(input, GetParam()).sum().backward();
    for (const at::Tensor& tensor : {l.projection->weight, l.projection->bias, input}) {
      ASSERT_TRUE(tensor.grad().defined());
      EXPECT_GT(tensor.grad().abs().sum().item<double>(), 0);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Layers, EachActivation,
                         testing::Values(Activation::none, Activation::gelu, Activation::gelu_tanh,
                                         Activation::quick_gelu, Activation::relu, Activation::silu,
                                         Activation::tanh));

TEST_F(LayersTest, NoticesAParameterChangedAfterPacking) {
  for (const bool bias : {false, true}) {
    const Layer l = linear();
    l.pack();
    const at::NoGradGuard no_grad;
    l.forward(x);
    (bias ? l.projection->bias : l.projection->weight).mul_(3);
    EXPECT_LE(largest_difference(l.forward(x), expected(l, x)), 1e-4);
    l.pack();
    EXPECT_LE(largest_difference(l.forward(x), expected(l, x)), 1e-4);
  }
}

// A change through data() leaves no trace in the version, so only a fresh packing shows it.
TEST_F(LayersTest, UnpackDropsThePackedWeightsAndPackMakesThemAnew) {
  const at::NoGradGuard no_grad;
  for (const bool packed : {true, false}) {
    const Layer l = linear();
    l.pack();
    l.forward(x);
    l.projection->weight.data().mul_(2);
    packed ? l.pack() : l.product->unpack();
    EXPECT_LE(largest_difference(l.forward(x), expected(l, x)), 1e-4);
  }
}

TEST_F(LayersTest, ComputesInAnotherTypeThanTheFiles) {
  for (const auto file : {at::kFloat, at::kBFloat16, at::kHalf}) {
    const Layer l = linear();
    l.projection->to(file);
    const at::Tensor wanted = expected(l, x);
    const at::NoGradGuard no_grad;
    for (const auto type : {at::kFloat, at::kBFloat16, at::kHalf}) {
      SCOPED_TRACE(std::string(c10::toString(file)) + " as " + c10::toString(type));
      for (const bool packed : {false, true}) {
        packed ? l.pack({type}) : l.product->unpack();
        const at::Tensor y = l.forward(x.to(type), Activation::gelu);
        EXPECT_EQ(y.scalar_type(), type);
        // Eight bits of entries up to 20.
        EXPECT_LE(largest_difference(y, at::gelu(wanted)), type == at::kFloat ? 1e-5 : 0.3);
        EXPECT_EQ(l.projection->weight.scalar_type(), file);
      }
    }
  }
}

TEST_F(LayersTest, WorksInInferenceMode) {
  const Layer outside = linear();
  const at::Tensor wanted = expected(outside, x);
  outside.pack();
  const c10::InferenceMode inference;
  EXPECT_LE(largest_difference(outside.forward(x), wanted), 1e-5);
  const Layer inside = linear();  // a caller may load its model in inference mode
  inside.pack();
  EXPECT_LE(largest_difference(inside.forward(x), expected(inside, x)), 1e-5);
}

TEST_F(LayersTest, NamesItsParameters) {
  EXPECT_EQ(linear().projection->named_parameters().keys(),
            (std::vector<std::string>{"weight", "bias"}));
  EXPECT_EQ(linear(false).projection->named_parameters().keys(),
            std::vector<std::string>{"weight"});
  EXPECT_TRUE(linear().product->named_parameters().keys().empty());
}

/// A tree as a checkpoint names it, some of it packed and some not.
class Tree : public Block {
 public:
  explicit Tree(const Weights& weights) {
    add_linear("a.b.dense", weights, kIn, kOut);
    add_norm("a.norm", weights, kIn, {});
    add_projection("a.b.other", weights, kIn, kOut, false);
  }
};

TEST_F(LayersTest, PackingConvertsWhatItDoesNotPackAndUnpackingAll) {
  const auto shared =
      std::make_shared<Tree>(weights({{"a.b.dense.weight", at::randn({kOut, kIn})},
                                      {"a.b.dense.bias", at::randn({kOut})},
                                      {"a.norm.weight", at::randn({kIn})},
                                      {"a.norm.bias", at::randn({kIn})},
                                      {"a.b.other.weight", at::randn({kOut, kIn})}}));
  Tree& tree = *shared;
  auto parameters = tree.named_parameters();
  EXPECT_EQ(parameters.size(), 5u);
  int reads = 0;
  pack_weights(tree, {at::kBFloat16}, [&] { ++reads; });
  EXPECT_GE(reads, 3);
  EXPECT_EQ(parameters["a.b.other.weight"].scalar_type(), at::kBFloat16);
  unpack_weights(tree, at::kFloat);
  for (const auto& p : tree.named_parameters()) {
    EXPECT_EQ(p.value().scalar_type(), at::kFloat) << p.key();
  }
}

TEST_F(LayersTest, LayerNorm) {
  const at::Tensor gamma = at::randn({kIn}), beta = at::randn({kIn});
  const at::Tensor d = x.to(at::kDouble);
  for (const double eps : {1e-12, 0.5}) {
    const at::Tensor centred = d - d.mean({1}, true);
    const at::Tensor wanted =
        centred / (centred.pow(2).mean({1}, true) + eps).sqrt() * gamma + beta;
    const Norm now(weights({{"weight", gamma}, {"bias", beta}}), kIn, {.eps = eps});
    EXPECT_LE(largest_difference(now.forward(x).detach(), wanted), 1e-5);
    const Norm old(weights({{"gamma", gamma}, {"beta", beta}}), kIn, {.eps = eps});
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
  EXPECT_THROWS(LoadError, Projection(w, kIn, kOut), "\"bias\" [40] is missing");
  EXPECT_THROWS(LoadError, Projection(w, kOut, kIn, false),
                "expected shape [24, 40], found [40, 24]");
  EXPECT_THROWS(LoadError, Norm(w / "LayerNorm", kIn, {}), "\"LayerNorm.weight\"");
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
