// Losses of cross-encoders against Python's values and gradients: of given logits, and of all of a
// model's parameters; what batches each refuses.
#include <sentence_transformers/cross_encoder_losses.h>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "support.h"
#include "training/cross_encoder_math.h"
#include "training/golden_losses.h"

namespace sentence_transformers {
namespace {

using nlohmann::json;
using test::golden;
using test::golden_batch;
using test::golden_loss_tensors;
using test::golden_losses;
using test::labelled;
using test::largest_difference;

LambdaLossOptions lambda_options(const json& options) {
  const std::map<std::string, LambdaWeighting> weightings = {
      {"none", LambdaWeighting::none},
      {"ndcg_loss1", LambdaWeighting::ndcg_loss1},
      {"ndcg_loss2", LambdaWeighting::ndcg_loss2},
      {"ndcg_loss2pp", LambdaWeighting::ndcg_loss2pp},
      {"lambda_rank", LambdaWeighting::lambda_rank}};
  LambdaLossOptions result;
  if (options.contains("weighting")) {
    result.weighting = weightings.at(options.at("weighting").get<std::string>());
  }
  result.mu = options.value("mu", result.mu);
  if (options.contains("k")) result.k = options.at("k").get<int64_t>();
  result.sigma = options.value("sigma", result.sigma);
  result.eps = options.value("eps", result.eps);
  result.binary_log = options.value("binary_log", true);
  return result;
}

CrossEncoderRankingOptions ranking_options(const json& options) {
  CrossEncoderRankingOptions result;
  if (options.at("num_negatives").is_null()) result.num_negatives = std::nullopt;
  result.scale = options.value("scale", result.scale);
  if (options.contains("activation")) result.activation = ScoreActivation::identity;
  return result;
}

/// Of 4 anchors and 2 columns of candidates, from scores [anchor, candidate].
at::Tensor ranking_logits(const at::Tensor& table) {
  const at::Tensor rows = table.narrow(0, 0, 4);
  const at::Tensor places = at::arange(4).unsqueeze(1);  // the answer, and + 4 the hard negative
  return rows.gather(1, at::cat({places, in_batch_negatives(4, 2, std::nullopt), places + 4}, 1));
}

at::Tensor list_loss(const std::string& name, const json& options, const at::Tensor& table) {
  std::vector<int64_t> lengths;
  std::vector<at::Tensor> logits, labels;
  for (const json& row : golden_losses().at("lists")) {
    const auto numbers = row.get<std::vector<float>>();
    const at::Tensor scores = table[static_cast<int64_t>(lengths.size())];
    lengths.push_back(static_cast<int64_t>(numbers.size()));
    logits.push_back(scores.narrow(0, 0, lengths.back()));
    labels.push_back(at::tensor(numbers));
  }
  const at::Tensor x = padded(at::cat(logits), lengths, kPaddedLogit);
  const at::Tensor y = padded(at::cat(labels), lengths, kPaddedLabel);
  return name == "ListNetLoss" ? list_net_loss(x, y) : lambda_loss(x, y, lambda_options(options));
}

TEST(CrossEncoderLosses, LogitsGiveThePythonValueAndGradients) {
  for (const json& test : golden_losses().at("tables")) {
    const std::string key = test.at("key"), name = test.at("loss");
    const std::string what = key + " " + name + " " + test.at("options").dump();
    at::Tensor table = golden_loss_tensors().get("in.table").clone().requires_grad_();
    const at::Tensor value =
        name == "MultipleNegativesRankingLoss"
            ? ranking_loss(ranking_logits(table), ranking_options(test.at("options")))
            : list_loss(name, test.at("options"), table);
    const auto expected = test.at("value").get<double>();
    EXPECT_NEAR(value.item<double>(), expected, 1e-5 * std::max(1.0, expected)) << what;
    value.backward();
    EXPECT_LT(largest_difference(table.grad(), golden_loss_tensors().get(key)), 1e-5) << what;
  }
}

TEST(CrossEncoderLosses, NegativesAreOthers) {
  const at::Tensor all = in_batch_negatives(3, 2, std::nullopt);
  const at::Tensor expected = at::tensor({1, 2, 4, 5, 0, 2, 3, 5, 0, 1, 3, 4}).view({3, 4});
  EXPECT_TRUE(at::equal(all, expected.to(at::kLong)));
  EXPECT_TRUE(at::equal(in_batch_negatives(3, 2, 4), all));
  EXPECT_EQ(in_batch_negatives(1, 3, 4).sizes(), (std::vector<int64_t>{1, 0}));
  at::manual_seed(8);
  const at::Tensor drawn = in_batch_negatives(20, 2, 5);
  ASSERT_EQ(drawn.sizes(), (std::vector<int64_t>{20, 5}));
  for (int64_t i = 0; i < 20; ++i) {
    std::set<int64_t> seen;
    for (int64_t k = 0; k < 5; ++k) {
      const int64_t place = drawn[i][k].item<int64_t>();
      EXPECT_TRUE(place >= 0 && place < 40 && place % 20 != i) << place;
      seen.insert(place);
    }
    EXPECT_EQ(seen.size(), 5u);
  }
  at::manual_seed(8);
  EXPECT_TRUE(at::equal(in_batch_negatives(20, 2, 5), drawn));
}

std::shared_ptr<CrossEncoderLoss> make_loss(const std::string& name, const json& options) {
  if (name == "BinaryCrossEntropyLoss" && options.contains("pos_weight")) {
    return std::make_shared<BinaryCrossEntropyLoss>(options.at("pos_weight").get<double>());
  }
  if (name == "BinaryCrossEntropyLoss") return std::make_shared<BinaryCrossEntropyLoss>();
  if (name == "CrossEntropyLoss") return std::make_shared<CrossEntropyLoss>();
  if (name == "MSELoss") return std::make_shared<CrossEncoderMSELoss>();
  if (name == "MarginMSELoss") return std::make_shared<CrossEncoderMarginMSELoss>();
  if (name == "LambdaLoss") return std::make_shared<LambdaLoss>();
  if (name == "ListNetLoss") return std::make_shared<ListNetLoss>();
  return std::make_shared<CrossEncoderMultipleNegativesRankingLoss>(ranking_options(options));
}

TEST(CrossEncoderLosses, AllParametersGetThePythonGradients) {
  for (const json& test : golden_losses().at("cross_encoders")) {
    const std::string key = test.at("key"), name = test.at("loss");
    const std::string what = key + " " + name + " " + test.at("options").dump();
    CrossEncoder model(golden(test.at("folder")).string());
    model.train();
    model.set_dropout(0);
    const auto loss = make_loss(name, test.at("options"));
    EXPECT_EQ(loss->name(), name);
    const at::Tensor value = loss->forward(model, golden_batch(test));
    EXPECT_EQ(value.dim(), 0) << what;
    EXPECT_NEAR(value.item<double>(), test.at("value").get<double>(), 1e-5) << what;
    value.backward();
    std::map<std::string, at::Tensor> gradients;
    for (const auto& [parameter, tensor] : model.named_parameters()) {
      gradients[parameter] = tensor.grad();
    }
    for (const std::string& parameter : test::names_below(key)) {
      test::expect_gradient(gradients[parameter], golden_loss_tensors().get(key + "." + parameter),
                            what + " by " + parameter);
    }
  }
}

TEST(CrossEncoderLosses, DocumentsMayDifferInNumber) {
  CrossEncoder model(golden("tiny_cross").string());
  Batch batch{.examples = {{{"the dog", "a dog", "food", "the sun"}, {2, 0, 1}},
                           {{"a cat", "the cat"}, {1}},
                           {{"good food", "a man", "eating food"}, {0, 1}}}};
  ListNetLoss loss;
  const double together = loss.forward(model, batch).item<double>();
  double sum = 0;
  for (const Example& example : batch.examples) {
    sum += loss.forward(model, {.examples = {example}}).item<double>();
  }
  EXPECT_NEAR(together, sum / 3, 1e-5);
  // Prompts go in front of the texts.
  Batch prompted = batch, written = batch;
  prompted.prompts = {"query: ", "passage "};
  for (Example& example : written.examples) {
    for (size_t t = 0; t < example.texts.size(); ++t) {
      example.texts[t] = (t == 0 ? "query: " : "passage ") + example.texts[t];
    }
  }
  const double expected = loss.forward(model, written).item<double>();
  EXPECT_EQ(loss.forward(model, prompted).item<double>(), expected);
  EXPECT_NE(expected, together);
}

TEST(CrossEncoderLosses, RefuseWhatDoesNotFit) {
  CrossEncoder one(golden("tiny_cross").string()), several(golden("tiny_cross_labels").string());
  const auto batch = [](size_t texts, const json& labels) {
    Batch result = labelled(labels, 2);
    for (Example& example : result.examples) example.texts.assign(texts, "a dog");
    return result;
  };
  BinaryCrossEntropyLoss binary;
  EXPECT_THROWS(std::invalid_argument, binary.forward(one, batch(3, {{1}, {0}})),
                "[BinaryCrossEntropyLoss] expected 2 texts an example, found 3");
  EXPECT_THROWS(std::invalid_argument, binary.forward(one, batch(2, nullptr)),
                "[BinaryCrossEntropyLoss] expected labels, found none");
  EXPECT_THROWS(std::invalid_argument, binary.forward(one, batch(2, {{1, 0}, {0, 1}})),
                "[BinaryCrossEntropyLoss] expected 1 label an example, found 2");
  EXPECT_THROWS(std::invalid_argument, binary.forward(several, batch(2, {{1}, {0}})),
                "[BinaryCrossEntropyLoss] expected", "labels an example, found 1");
  EXPECT_THROWS(std::invalid_argument, binary.forward(one, batch(2, {{1}, {5}})),
                "[BinaryCrossEntropyLoss] expected labels from 0 to 1, found 1", "to 5");
  CrossEntropyLoss classes;
  EXPECT_THROWS(std::invalid_argument, classes.forward(several, batch(2, {{1}, {9}})),
                "[CrossEntropyLoss] label 9 of example 1: expected a whole number from 0 to ");
  CrossEncoderMSELoss mse;
  CrossEncoderMarginMSELoss margin;
  CrossEncoderMultipleNegativesRankingLoss ranking;
  LambdaLoss lambda;
  ListNetLoss list;
  for (CrossEncoderLoss* loss :
       std::vector<CrossEncoderLoss*>{&mse, &margin, &ranking, &lambda, &list}) {
    EXPECT_THROWS(std::invalid_argument, loss->forward(several, batch(3, {{1}, {0}})),
                  "[" + loss->name() + "] expected a model with 1 label, found ");
    EXPECT_THROWS(std::invalid_argument, loss->forward(one, batch(1, {{1}, {0}})),
                  "[" + loss->name() + "] expected ", "found 1");
    EXPECT_THROWS(std::invalid_argument, loss->forward(one, {}), "[" + loss->name() + "] expected ",
                  "found 0");
  }
  EXPECT_THROWS(std::invalid_argument, margin.forward(one, batch(3, {{1, 2, 3}, {1, 2, 3}})),
                "[MarginMSELoss] expected the margins of 1");
  EXPECT_THROWS(std::invalid_argument, lambda.forward(one, batch(4, {{1, 2, 3}, {1, 2}})),
                "[LambdaLoss] expected a label for each document, found 2 for the 3 of example 1");
  Batch prompted = batch(2, {{1}, {0}});
  prompted.prompts = {"query: "};
  EXPECT_THROWS(std::invalid_argument, mse.forward(one, prompted),
                "[MSELoss] expected a prompt for each of 2 columns of texts, found 1");
  EXPECT_THROWS(std::invalid_argument, LambdaLoss({.k = 0}), "[LambdaLoss] expected a k");
  EXPECT_THROWS(std::invalid_argument,
                CrossEncoderMultipleNegativesRankingLoss({.num_negatives = 0}), "num_negatives");
}

}  // namespace
}  // namespace sentence_transformers
