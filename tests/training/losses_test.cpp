// Each loss against Python's value and gradients: on given embeddings, and of all of a model's
// parameters; what is drawn at random.
#include <sentence_transformers/losses.h>

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <set>

#include "support.h"
#include "training/golden_losses.h"
#include "training/guided_ranking.h"

namespace sentence_transformers {
namespace {

using nlohmann::json;
using test::golden;
using test::golden_batch;
using test::golden_loss_tensors;
using test::golden_losses;
using test::labelled;
using test::largest_difference;

/// Gives a loss's parameters Python's values.
void set_parameters(Loss& loss, const std::string& key, const std::string& suffix) {
  const at::NoGradGuard no_gradients;
  for (const auto& [name, parameter] : loss.named_parameters()) {
    parameter.copy_(golden_loss_tensors().get(key + "." + name + suffix));
  }
}

void expect_value(const at::Tensor& value, const json& expected, const std::string& what) {
  EXPECT_EQ(value.dim(), 0) << what;
  const auto wanted = expected.get<double>();
  EXPECT_NEAR(value.item<double>(), wanted, 1e-5 * std::max(1.0, std::abs(wanted))) << what;
}

void expect_close(const at::Tensor& found, const at::Tensor& expected, const std::string& what) {
  ASSERT_TRUE(found.defined()) << what;
  const double size = std::max(1.0, expected.abs().max().item<double>());
  EXPECT_LT(largest_difference(found, expected) / size, 1e-5) << what;
}

Batch batch_of(const json& labels) {
  for (const char* teacher : {"teacher", "teacher_each"}) {
    if (labels != teacher) continue;
    const at::Tensor numbers = golden_loss_tensors().get(std::string("in.") + teacher);
    Batch batch;
    for (const at::Tensor& row : numbers.unbind()) {
      const float* begin = row.data_ptr<float>();
      batch.examples.push_back({.texts = {}, .labels = {begin, begin + row.numel()}});
    }
    return batch;
  }
  return labelled(labels, 6);
}

TEST(Losses, EmbeddingsGiveThePythonValueAndGradients) {
  for (const json& test : golden_losses().at("embeddings")) {
    const std::string key = test.at("key"), name = test.at("loss");
    const std::string what = key + " " + name + " " + test.at("options").dump();
    std::vector<at::Tensor> embeddings, guided;
    for (const char column : test.at("columns").get<std::string>()) {
      const auto input = [&](const std::string& kind) {
        return golden_loss_tensors().get("in." + kind + column).clone();
      };
      embeddings.push_back(input("").requires_grad_());
      if (name == "GISTEmbedLoss") guided.push_back(input("g"));
    }
    const auto loss = std::dynamic_pointer_cast<EmbeddingLoss>(
        test::make_golden_loss(name, test.at("options"), 16));
    ASSERT_TRUE(loss) << what;
    EXPECT_EQ(loss->name(), name);
    set_parameters(*loss, key, "");
    const at::Tensor value =
        guided.empty() ? loss->compute(embeddings, batch_of(test.at("labels")))
                       : guided_ranking_loss(embeddings, guided,
                                             test::golden_guide_options(test.at("options")));
    expect_value(value, test.at("value"), what);
    value.backward();
    size_t c = 0;
    for (const char column : test.at("columns").get<std::string>()) {
      const at::Tensor expected = golden_loss_tensors().get(key + "." + column);
      const at::Tensor gradient = embeddings[c++].grad();
      expect_close(gradient.defined() ? gradient : at::zeros_like(expected), expected,
                   what + " by " + column);
    }
    for (const auto& [parameter, tensor] : loss->named_parameters()) {
      expect_close(tensor.grad(), golden_loss_tensors().get(key + "." + parameter + ".grad"),
                   what + " by " + parameter);
    }
  }
}

class TinyModel : public ::testing::Test {
 protected:
  TinyModel() : model_(golden("tiny_bert").string()) {
    model_.train();
    model_.set_dropout(0);
  }

  void clear_gradients() {
    for (const auto& [name, parameter] : model_.named_parameters())
      parameter.mutable_grad() = at::Tensor();
  }
  at::Tensor parameter(const std::string& wanted) const {
    for (const auto& [name, parameter] : model_.named_parameters()) {
      if (name == wanted) return parameter;
    }
    return {};
  }

  SentenceTransformer model_;
};

using LossesOfModels = TinyModel;

TEST_F(LossesOfModels, AllParametersGetThePythonGradients) {
  for (const json& test : golden_losses().at("models")) {
    const std::string key = test.at("key"), name = test.at("loss");
    const std::string what = key + " " + name + " " + test.at("options").dump();
    const auto loss = test::make_golden_loss(name, test.at("options"), 32);
    set_parameters(*loss, key, ".value");
    clear_gradients();
    const at::Tensor value = loss->forward(model_, golden_batch(test));
    expect_value(value, test.at("value"), what);
    value.backward();
    size_t compared = 0;
    for (const auto& [parameter, tensor] : loss->named_parameters()) {
      test::expect_gradient(tensor.grad(), golden_loss_tensors().get(key + "." + parameter),
                            what + " by " + parameter);
    }
    for (const std::string& parameter : test::names_below(key)) {
      if (parameter.rfind("classifier", 0) == 0) continue;
      const at::Tensor tensor = this->parameter(parameter);
      ASSERT_TRUE(tensor.defined()) << parameter;
      test::expect_gradient(tensor.grad(), golden_loss_tensors().get(key + "." + parameter),
                            what + " by " + parameter);
      ++compared;
    }
    EXPECT_GT(compared, 30u) << what;
  }
}

TEST_F(LossesOfModels, OwnLossNeedsComputeAlone) {
  struct Lengths : EmbeddingLoss {
    std::string name() const override { return "Lengths"; }
    at::Tensor compute(const std::vector<at::Tensor>& embeddings, const Batch&) override {
      columns = embeddings.size();
      return embeddings[0].square().sum();
    }
    size_t columns = 0;
  };
  Lengths loss;
  const Batch batch{.examples = {{.texts = {"a dog", "a cat"}}, {.texts = {"the sun", "food"}}}};
  EXPECT_NEAR(loss.forward(model_, batch).item<double>(), 2.0, 1e-5);  // the model normalizes
  EXPECT_EQ(loss.columns, 2u);
}

TEST(Losses, SoftmaxStartsAsPythonsLinear) {
  at::manual_seed(3);
  const SoftmaxLoss loss(16);
  // Case 23 of the file is made after torch.manual_seed(3), with the same switches.
  for (const auto& [name, parameter] : loss.named_parameters()) {
    EXPECT_TRUE(parameter.requires_grad());
    EXPECT_LT(largest_difference(parameter, golden_loss_tensors().get("023." + name)), 1e-7);
  }
}

TEST(Losses, MatryoshkaDrawsSizesFromTheDefaultGenerator) {
  at::manual_seed(1);
  const std::vector<at::Tensor> pair = {at::randn({4, 8}), at::randn({4, 8})};
  const Batch batch = labelled({{1}, {0}, {0.5}, {0.2}}, 4);
  const auto inner = std::make_shared<CosineSimilarityLoss>();
  std::set<double> each;
  for (const int64_t size : {8, 4, 2}) {
    each.insert(MatryoshkaLoss(inner, {size}).compute(pair, batch).item<double>());
  }
  MatryoshkaLoss drawn(inner, {8, 4, 2}, {}, 1);
  std::vector<double> first, second;
  for (std::vector<double>* values : {&first, &second}) {
    at::manual_seed(7);
    for (int i = 0; i < 40; ++i) values->push_back(drawn.compute(pair, batch).item<double>());
  }
  EXPECT_EQ(std::set<double>(first.begin(), first.end()), each);
  EXPECT_EQ(first, second);
}

TEST_F(LossesOfModels, AdaptiveLayersAreDrawnFromTheDefaultGenerator) {
  const auto inner = std::make_shared<MultipleNegativesRankingLoss>();
  Batch batch;
  for (const char* text : {"a dog", "the sun", "good food"}) {
    batch.examples.push_back({.texts = {text, std::string(text) + " and a cat"}});
  }
  AdaptiveLayerLoss one(inner, {.n_layers_per_step = 1});
  std::set<double> values;
  for (int i = 0; i < 30; ++i) values.insert(one.forward(model_, batch).item<double>());
  EXPECT_EQ(values.size(), 2u);  // the embedding layer and the first of two layers
}

TEST(Losses, BatchTripletsMeasureInFloatUnderAutocast) {
  const at::Tensor rows = 100 + at::randn({6, 16});
  const Batch batch = labelled({{0}, {1}, {0}, {1}, {0}, {1}}, 6);
  BatchHardTripletLoss loss;
  const double expected = loss.compute({rows}, batch).item<double>();
  at::autocast::set_autocast_enabled(at::kCPU, true);
  const double found = loss.compute({rows}, batch).item<double>();
  at::autocast::set_autocast_enabled(at::kCPU, false);
  at::autocast::clear_cache();
  EXPECT_EQ(found, expected);
}

TEST(Losses, GatheringFromOneProcessChangesNothing) {
  at::manual_seed(5);
  const std::vector<at::Tensor> pair = {at::randn({4, 8}), at::randn({4, 8})};
  MultipleNegativesRankingLoss alone, gathered({.gather_across_devices = true});
  EXPECT_EQ(gathered.compute(pair, {}).item<double>(), alone.compute(pair, {}).item<double>());
  EXPECT_EQ(guided_ranking_loss(pair, pair, {.gather_across_devices = true}).item<double>(),
            guided_ranking_loss(pair, pair, {}).item<double>());
}

TEST(Losses, GuideGivesEqualTextsEqualSimilarities) {
  at::manual_seed(5);
  at::Tensor a = at::randn({9, 384}), b = at::randn({37, 384});
  b[30] = b[2];
  a[7] = a[1];
  const at::Tensor found = guide_similarities(a, b);
  EXPECT_TRUE(at::equal(found.select(1, 30), found.select(1, 2)));
  EXPECT_TRUE(at::equal(found[7], found[1]));
  EXPECT_LT(largest_difference(found, util::cos_sim(a, b)), 1e-6);
}

}  // namespace
}  // namespace sentence_transformers
