// What training relies on, of both classes: forward, parameters, dropout, modes.
#include <sentence_transformers/sentence_transformers.h>

#include <cmath>

#include "core/device.h"
#include "core/safetensors.h"
#include "kernels/kernels.h"
#include "support.h"

namespace sentence_transformers {
namespace {

using namespace test;

const std::vector<std::string> kTexts = {"the sun is good", "", "a dog and a cat play in the sun"};
const std::vector<TextPair> kPairs = {
    {"the sun is good", "a dog"}, {"", "x"}, {"the man and the woman", "in the weather"}};

std::vector<std::string_view> views() { return {kTexts.begin(), kTexts.end()}; }

/// The differing names of the two classes.
at::Tensor infer(const SentenceTransformer& model) { return model.encode(kTexts); }
at::Tensor infer(const CrossEncoder& model) {
  const at::Tensor logits = model.predict(kPairs, {.activation = ScoreActivation::identity});
  return logits.view({3, model.num_labels()});
}
at::Tensor forward(const SentenceTransformer& model) { return model.forward(views()); }
at::Tensor forward(const CrossEncoder& model) {
  return model.forward({kPairs.begin(), kPairs.end()});
}

template <class Model>
class TrainMode : public testing::Test {
 protected:
  static constexpr bool kCross = std::is_same_v<Model, CrossEncoder>;
  using Options = std::conditional_t<kCross, CrossEncoderOptions, LoadOptions>;
  static inline const std::string name = kCross ? "CrossEncoder" : "SentenceTransformer";
  static std::string folder() { return golden(kCross ? "tiny_cross" : "tiny_bert").string(); }
  static Model load(Options options = {}) {
    options.device = "cpu";
    return Model(folder(), options);
  }
  /// A pooler is for heads alone; what all keys have in common, softmax takes out.
  static bool counts(const std::string& name) {
    return (kCross || !name.starts_with("pooler.")) && !name.ends_with("key.bias");
  }
};

using Both = testing::Types<SentenceTransformer, CrossEncoder>;
TYPED_TEST_SUITE(TrainMode, Both);

TYPED_TEST(TrainMode, ForwardGivesWhatInferenceGives) {
  auto model = this->load();
  EXPECT_FALSE(model.is_training());
  const at::Tensor wanted = infer(model);
  EXPECT_LE(largest_difference(forward(model).detach(), wanted), 1e-5);

  model.train();
  EXPECT_TRUE(model.is_training());
  EXPECT_GT(largest_difference(forward(model).detach(), wanted), 1e-3);  // dropout
  model.set_dropout(0);
  EXPECT_LE(largest_difference(forward(model).detach(), wanted), 1e-5);
  model.set_gradient_checkpointing(true);
  EXPECT_LE(largest_difference(forward(model).detach(), wanted), 1e-5);

  model.train(false);
  EXPECT_FALSE(model.is_training());
  EXPECT_LE(largest_difference(infer(model), wanted), 1e-6);
}

TYPED_TEST(TrainMode, EveryParameterThatCountsGetsAGradient) {
  auto model = this->load();
  model.train();
  const at::Tensor y = forward(model);
  (y * at::arange(y.numel()).view_as(y)).sum().backward();
  for (const auto& [name, p] : model.named_parameters()) {
    ASSERT_TRUE(p.requires_grad()) << name;
    if (!this->counts(name)) continue;
    ASSERT_TRUE(p.grad().defined()) << name;
    EXPECT_GT(p.grad().abs().max().template item<float>(), 0) << name;
  }
}

TYPED_TEST(TrainMode, ParametersAreTheModelsUnderTheCheckpointsNames) {
  auto model = this->load();
  const auto file = SafeTensors::open(fs::path(this->folder()) / "model.safetensors");
  const auto parameters = model.named_parameters();
  EXPECT_EQ(parameters.size(), file.names().size());
  const at::Tensor before = infer(model);
  for (const auto& [name, p] : parameters) {
    EXPECT_TRUE(at::equal(p.detach(), file.get(name))) << name;
    if (!this->counts(name)) continue;
    const at::NoGradGuard no_grad;
    p.view(-1).add_((at::arange(p.numel()) + 1).remainder(7) * 0.1);
    EXPECT_GT(largest_difference(infer(model), before), 1e-6) << name;
    p.copy_(file.get(name));
    EXPECT_LE(largest_difference(infer(model), before), 1e-6) << name;
  }
}

TYPED_TEST(TrainMode, OnlyFloat32Trains) {
  const std::string title = "[" + this->name + "::train] ";
  if (kernels::best()) {
    auto model = this->load({.quantization = Quantization::int8});
    EXPECT_THROWS(std::invalid_argument, model.train(), title, "Float and int8");
    EXPECT_FALSE(model.is_training());
    model.train(false);
  }
  if (cpu_is_fast_at(at::kBFloat16)) {
    auto model = this->load({.dtype = at::kBFloat16});
    EXPECT_THROWS(std::invalid_argument, model.train(), title, "found BFloat16");
  }
}

TYPED_TEST(TrainMode, DropoutHasItsRange) {
  auto model = this->load();
  for (const double wrong : {-0.1, 1.0, 2.0, std::nan("")}) {
    EXPECT_THROWS(std::invalid_argument, model.set_dropout(wrong), "[set_dropout]",
                  "from 0 to below 1");
  }
  model.train();
  model.set_dropout(0.9);
  const at::Tensor a = forward(model), b = forward(model);
  EXPECT_GT(largest_difference(a.detach(), b.detach()), 1e-3);
}

TEST(TrainModeSentenceTransformer, ForwardPutsThePromptBefore) {
  const SentenceTransformer model(golden("tiny_bert").string(), {.device = "cpu"});
  EXPECT_LE(largest_difference(model.forward(views(), "query: ").detach(),
                               model.encode(kTexts, {.prompt = "query: "})),
            1e-5);
}

TEST(TrainModeSentenceTransformer, ForwardOfEachLayer) {
  const SentenceTransformer model(golden("tiny_bert").string(), {.device = "cpu"});
  const auto layers = model.forward_layers(views());
  ASSERT_EQ(layers.size(), 3u);  // the embedding layer's and two
  EXPECT_TRUE(at::equal(layers[2], model.forward(views())));
  for (const at::Tensor& layer : layers) {
    EXPECT_EQ(layer.sizes(), (at::IntArrayRef{3, 32}));
    EXPECT_LE(largest_difference(layer.detach().norm(2, 1), at::ones({3})), 1e-5);  // Normalize
  }
  EXPECT_GT(largest_difference(layers[0].detach(), layers[1].detach()), 1e-2);
}

TEST(TrainModeSentenceTransformer, ForwardNeedsAText) {
  const SentenceTransformer model(golden("tiny_bert").string(), {.device = "cpu"});
  EXPECT_THROWS(std::invalid_argument, model.forward({}), "[SentenceTransformer::forward]");
  EXPECT_THROWS(std::invalid_argument, model.forward_layers({}), "[SentenceTransformer::forward]");
}

TEST(TrainModeCrossEncoder, ForwardNeedsAPair) {
  const CrossEncoder model(golden("tiny_cross").string(), {.device = "cpu"});
  EXPECT_THROWS(std::invalid_argument, model.forward({}), "[CrossEncoder::forward]");
}

TEST(TrainModeCrossEncoder, ForwardOfSeveralLabels) {
  CrossEncoder model(golden("tiny_cross_labels").string(), {.device = "cpu"});
  EXPECT_EQ(forward(model).sizes(), (at::IntArrayRef{3, 3}));
  EXPECT_LE(largest_difference(forward(model).detach(), infer(model)), 1e-5);
}

}  // namespace
}  // namespace sentence_transformers
