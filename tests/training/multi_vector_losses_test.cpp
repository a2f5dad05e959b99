// Losses of multi-vector encoders against Python, and a run that uses one.
#include <ATen/ATen.h>
#include <sentence_transformers/sentence_transformers.h>

#include "multi_vector.h"

namespace sentence_transformers {
namespace {

using namespace test;
using nlohmann::json;

MultiVectorScoring scoring(const json& c) {
  using Kind = MultiVectorScoring::Kind;
  return {.kind = c["scores"] == "xtr"          ? Kind::xtr
                  : c["scores"] == "meanmaxsim" ? Kind::meanmaxsim
                                                : Kind::maxsim,
          .top_k = 9};
}

std::unique_ptr<MultiVectorLoss> make_loss(const json& c) {
  const json& given = c["options"];
  const auto number = [&](const char* key) {
    return given.contains(key) ? std::optional<double>(given[key]) : std::nullopt;
  };
  if (c["loss"] == "MultiVectorMarginMSELoss") {
    return std::make_unique<MultiVectorMarginMSELoss>(scoring(c));
  }
  if (c["loss"] == "MultiVectorDistillKLDivLoss") {
    return std::make_unique<MultiVectorDistillKLDivLoss>(
        MultiVectorDistillOptions{.temperature = number("temperature").value_or(1),
                                  .student_temperature = number("student_temperature"),
                                  .teacher_temperature = number("teacher_temperature"),
                                  .scoring = scoring(c)});
  }
  const MultiVectorRankingOptions options{.scale = number("scale").value_or(1),
                                          .scoring = scoring(c)};
  if (c["loss"] == "CachedMultiVectorMultipleNegativesRankingLoss") {
    return std::make_unique<CachedMultiVectorMultipleNegativesRankingLoss>(
        options, given["mini_batch_size"]);
  }
  return std::make_unique<MultiVectorMultipleNegativesRankingLoss>(options);
}

Batch make_batch(const json& c) {
  Batch batch;
  for (size_t i = 0; i < 3; ++i) {
    Example example;
    for (const json& column : c["texts"]) example.texts.push_back(column[i]);
    if (c["labels"].is_array()) {
      const json& label = c["labels"][i];
      example.labels = label.is_array() ? label.get<std::vector<float>>()
                                        : std::vector<float>{label.get<float>()};
    }
    batch.examples.push_back(example);
  }
  batch.prompts = c["prompts"].get<std::vector<std::string>>();
  return batch;
}

TEST(MultiVectorLosses, ValuesAndGradientsArePythons) {
  const json& cases = multi_vector_golden()["losses"];
  EXPECT_EQ(cases.size(), 14u);
  for (const json& c : cases) {
    const std::string name = c["name"];
    SCOPED_TRACE(name + " " + c["loss"].get<std::string>() + " " + c["scores"].get<std::string>());
    MultiVectorEncoder model = load_multi_vector("bert");
    model.train();
    model.set_dropout(0);
    const auto object = make_loss(c);
    EXPECT_EQ(object->name(), c["loss"]);
    const at::Tensor loss = object->forward(model, make_batch(c));
    const double expected = c["value"];
    EXPECT_NEAR(loss.item<double>(), expected, 1e-5 * std::max(1.0, expected));
    loss.backward();
    int compared = 0;
    for (const auto& [parameter, value] : model.named_parameters()) {
      if (!multi_vector_file().contains(name + "." + parameter)) continue;
      const at::Tensor gradient = multi_vector_array(name + "." + parameter);
      const double size = std::max(1.0, gradient.abs().max().item<double>());
      EXPECT_LE(largest_difference(value.grad(), gradient), 3e-5 * size) << parameter;
      ++compared;
    }
    EXPECT_EQ(compared, 2);
  }
}

TEST(MultiVectorLosses, XtrLeavesOutWhatIsNotAmongTheBest) {
  const std::vector<at::Tensor> queries = {at::eye(2), at::zeros({0, 2})};
  const auto one = [](std::vector<float> row) { return at::tensor(row).unsqueeze(0); };
  const std::vector<at::Tensor> documents = {one({3, 1}), one({1, 2}), at::zeros({0, 2})};
  const at::Tensor scores =
      multi_vector_scores(queries, documents, {.kind = MultiVectorScoring::Kind::xtr, .top_k = 1});
  // The first token finds the first document alone, the second one the second.
  EXPECT_TRUE(at::equal(
      scores, at::cat({one({3, 2, kScoreWithoutTokens}), one({0, 0, kScoreWithoutTokens})})));
  EXPECT_TRUE(at::equal(multi_vector_scores(queries, documents), util::maxsim(queries, documents)));
}

TEST(MultiVectorLosses, ARunMakesTheLossSmaller) {
  MultiVectorEncoder model = load_multi_vector("bert");
  const std::vector<std::string> texts = multi_vector_texts();
  std::vector<Example> examples;
  for (size_t i = 0; i < 3; ++i) examples.push_back({.texts = {texts[i], texts[i] + " he"}});
  const auto loss = std::make_shared<MultiVectorMultipleNegativesRankingLoss>();
  const auto value = [&] { return loss->forward(model, {.examples = examples}).item<double>(); };
  const double before = value();
  const TempDir out;
  MultiVectorEncoderTrainer trainer(
      model,
      {.num_train_epochs = 10,
       .per_device_train_batch_size = 3,
       .learning_rate = 1e-2,
       .dropout = 0,
       .save_strategy = Interval::never,
       .show_progress_bar = false},
      {{.dataset = std::make_shared<ListDataset>(examples), .loss = loss}});
  trainer.train();
  EXPECT_LT(value(), before);
  trainer.save_model(out.path());
  EXPECT_TRUE(fs::exists(out.path() / "README.md"));
  const MultiVectorEncoder again(out.path().string(), {.device = "cpu"});
  EXPECT_TRUE(at::allclose(again.encode_query("the dog"), model.encode_query("the dog")));
}

TEST(MultiVectorLosses, RefuseOtherBatches) {
  const MultiVectorEncoder model = load_multi_vector("bert");
  const Batch pairs{.examples = {{.texts = {"a", "the"}, .labels = {1}}}};
  const Batch triplets{.examples = {{.texts = {"a", "the", "he"}, .labels = {1, 2, 3}}}};
  EXPECT_THROWS(std::invalid_argument, MultiVectorMarginMSELoss().forward(model, pairs),
                "expected at least 3 texts an example, found 2");
  EXPECT_THROWS(std::invalid_argument, MultiVectorMarginMSELoss().forward(model, triplets),
                "expected 1 margins an example or 2 scores, found 3 labels");
  EXPECT_THROWS(std::invalid_argument, MultiVectorDistillKLDivLoss().forward(model, pairs),
                "expected at least 3 texts");
  EXPECT_THROWS(std::invalid_argument, MultiVectorDistillKLDivLoss().forward(model, triplets),
                "expected 2 labels an example, one a document, found 3");
  const Batch alone{.examples = {{.texts = {"a"}}}};
  EXPECT_THROWS(std::invalid_argument,
                MultiVectorMultipleNegativesRankingLoss().forward(model, alone),
                "expected at least 2 texts");
  EXPECT_THROWS(std::invalid_argument, MultiVectorMultipleNegativesRankingLoss({.scale = 0}),
                "scale is 0");
  for (const MultiVectorDistillOptions& options :
       {MultiVectorDistillOptions{.temperature = 0},
        MultiVectorDistillOptions{.student_temperature = -1},
        MultiVectorDistillOptions{.teacher_temperature = INFINITY}}) {
    EXPECT_THROWS(std::invalid_argument, (MultiVectorDistillKLDivLoss{options}), "temperature is ",
                  "expected a finite number above 0");
  }
  EXPECT_THROWS(std::invalid_argument, CachedMultiVectorMultipleNegativesRankingLoss({}, 0),
                "mini_batch_size is 0");
  EXPECT_THROWS(std::invalid_argument, MultiVectorMarginMSELoss({.top_k = 0}), "top_k is 0");
  EXPECT_THROWS(std::invalid_argument, multi_vector_scores({}, {}, {.top_k = 0}), "top_k is 0");
}

}  // namespace
}  // namespace sentence_transformers
