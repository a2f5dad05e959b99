// Losses of sparse encoders against Python, how their weights rise, and a run that uses them.
#include <ATen/ATen.h>
#include <sentence_transformers/sentence_transformers.h>

#include "core/safetensors.h"
#include "support.h"

namespace sentence_transformers {
namespace {

using namespace test;
using nlohmann::json;

SparseEncoder tiny(const std::string& name = "bert") {
  return SparseEncoder(golden("sparse/" + name).string(), {.device = "cpu"});
}

std::shared_ptr<EmbeddingLoss> inner(const std::string& name) {
  if (name == "SparseMarginMSELoss") return std::make_shared<SparseMarginMSELoss>();
  if (name == "SparseDistillKLDivLoss") return std::make_shared<SparseDistillKLDivLoss>();
  if (name == "SparseTripletLoss") return std::make_shared<SparseTripletLoss>();
  if (name == "SparseCosineSimilarityLoss") return std::make_shared<SparseCosineSimilarityLoss>();
  if (name == "SparseCoSENTLoss") return std::make_shared<SparseCoSENTLoss>();
  if (name == "SparseAnglELoss") return std::make_shared<SparseAnglELoss>();
  EXPECT_EQ(name, "SparseMultipleNegativesRankingLoss");
  return std::make_shared<SparseMultipleNegativesRankingLoss>();
}

/// With a mini_batch_size, in its memory.
std::shared_ptr<SparseLoss> make_loss(const json& c, std::optional<int64_t> mini_batch_size = {}) {
  if (c["loss"] == "SparseMSELoss") return std::make_shared<SparseMSELoss>();
  const json& given = c["options"];
  if (c["loss"] == "CSRLoss") {
    return std::make_shared<CSRLoss>(given.contains("inner") ? inner(given["inner"]) : nullptr,
                                     CSRLossOptions{given["beta"], given["gamma"]});
  }
  const auto whole = [&](const char* key) {
    return given.contains(key) ? std::optional<int64_t>(given[key]) : std::nullopt;
  };
  const auto base = inner(c["loss"]);
  EXPECT_EQ(base->name(), c["loss"]);
  const SpladeLossOptions options{
      .document_regularizer_weight = given["document_regularizer_weight"],
      .query_regularizer_weight = given.contains("query_regularizer_weight")
                                      ? std::optional<double>(given["query_regularizer_weight"])
                                      : std::nullopt,
      .document_regularizer_threshold = whole("document_regularizer_threshold"),
      .query_regularizer_threshold = whole("query_regularizer_threshold"),
      .use_document_regularizer_only = given.value("use_document_regularizer_only", false)};
  if (mini_batch_size) {
    return std::make_shared<CachedSpladeLoss>(base, options, *mini_batch_size);
  }
  return std::make_shared<SpladeLoss>(base, options);
}

Batch make_batch(const json& c, const SafeTensors& arrays) {
  Batch batch;
  for (size_t i = 0; i < 3; ++i) {
    Example example;
    for (const json& column : c["texts"]) example.texts.push_back(column[i]);
    if (c["labels"] == "teacher") {
      const at::Tensor row = arrays.get("teacher")[static_cast<int64_t>(i)].contiguous();
      example.labels.assign(row.data_ptr<float>(), row.data_ptr<float>() + row.numel());
    } else if (c["labels"].is_array()) {
      const json& label = c["labels"][i];
      example.labels = label.is_array() ? label.get<std::vector<float>>()
                                        : std::vector<float>{label.get<float>()};
    }
    batch.examples.push_back(example);
  }
  return batch;
}

void expect_python(std::optional<int64_t> mini_batch_size, size_t expected_cases) {
  const auto arrays = SafeTensors::open(golden("sparse.safetensors"));
  size_t cases = 0;
  const json all = golden_json("sparse.json")["losses"];
  for (const json& c : all) {
    if (mini_batch_size && !c["options"].contains("document_regularizer_weight")) continue;
    ++cases;
    const std::string name = c["name"];
    SCOPED_TRACE(name + " " + c["loss"].get<std::string>());
    const bool is_csr = c["loss"] == "CSRLoss";
    SparseEncoder model = tiny(c["options"].value("folder", is_csr ? "csr" : "bert"));
    model.train();
    model.set_dropout(0);
    const at::Tensor loss = make_loss(c, mini_batch_size)->forward(model, make_batch(c, arrays));
    const double expected = c["value"];
    EXPECT_NEAR(loss.item<double>(), expected, 1e-5 * std::max(1.0, expected));
    loss.backward();
    int compared = 0;
    for (const auto& [parameter, value] : model.named_parameters()) {
      if (parameter == "2.stats_last_nonzero") {
        EXPECT_TRUE(at::equal(value, arrays.get(name + ".counts")));
      }
      if (!arrays.contains(name + "." + parameter)) continue;
      const at::Tensor gradient = arrays.get(name + "." + parameter);
      const double size = std::max(1.0, gradient.abs().max().item<double>());
      EXPECT_LE(largest_difference(value.grad(), gradient), 3e-5 * size) << parameter;
      ++compared;
    }
    EXPECT_EQ(compared, is_csr ? 4 : 2);
  }
  EXPECT_EQ(cases, expected_cases);
}

TEST(SparseLosses, ValuesAndGradientsArePythons) { expect_python(std::nullopt, 13); }

TEST(SparseLosses, SpladeLossInMiniBatchesIsTheSame) {
  for (const int64_t size : {1, 2, 100}) expect_python(size, 10);
}

TEST(SparseLosses, WeightsRise) {
  const auto loss = std::make_shared<SpladeLoss>(
      inner("SparseMultipleNegativesRankingLoss"),
      SpladeLossOptions{.document_regularizer_weight = 8, .query_regularizer_weight = 4});
  SpladeRegularizerWeightSchedulerCallback rising(loss);
  TrainingState state{.step = 0, .max_steps = 12};
  rising.on_train_begin(state);
  EXPECT_EQ(loss->options().document_regularizer_weight, 0);
  state.step = 2;
  EXPECT_TRUE(rising.on_step_end(state));
  EXPECT_EQ(loss->options().document_regularizer_weight, 2);  // (2 / 4) squared
  EXPECT_EQ(loss->options().query_regularizer_weight, 1);
  for (const int64_t step : {4, 9}) {
    state.step = step;
    rising.on_step_end(state);
    EXPECT_EQ(loss->options().document_regularizer_weight, 8);
  }
  SpladeRegularizerWeightSchedulerCallback line(loss, RegularizerSchedule::linear, 1);
  state.step = 3;
  line.on_train_begin(state);
  EXPECT_EQ(loss->options().document_regularizer_weight, 2);
  EXPECT_EQ(loss->options().query_regularizer_weight, 1);
}

/// Three texts, each with itself and a word.
std::vector<Example> near_pairs(const std::vector<std::string>& texts) {
  std::vector<Example> examples;
  for (size_t i = 0; i < 3; ++i) examples.push_back({.texts = {texts[i], texts[i] + " he"}});
  return examples;
}

/// 20 steps with three examples each.
TrainingArguments short_run() {
  return {.num_train_epochs = 20,
          .per_device_train_batch_size = 3,
          .learning_rate = 1e-2,
          .dropout = 0,
          .save_strategy = Interval::never,
          .show_progress_bar = false};
}

TEST(SparseLosses, ARunMakesTheLossSmaller) {
  SparseEncoder model = tiny();
  const std::vector<std::string> texts = golden_json("sparse.json")["texts"];
  const std::vector<Example> examples = near_pairs(texts);
  const auto loss = std::make_shared<SpladeLoss>(
      inner("SparseMultipleNegativesRankingLoss"),
      SpladeLossOptions{.document_regularizer_weight = 0.1, .query_regularizer_weight = 0.1});
  const TempDir out;
  SparseEncoderTrainer trainer(model, short_run(), std::make_shared<ListDataset>(examples), loss);
  trainer.add_callback(std::make_shared<SpladeRegularizerWeightSchedulerCallback>(loss));
  const Batch batch{.examples = examples};
  const double before = loss->forward(model, batch).item<double>();
  const Sparsity wide = SparseEncoder::sparsity(model.encode(texts));
  EXPECT_EQ(trainer.train().steps, 20);
  EXPECT_LT(loss->forward(model, batch).item<double>(), before);
  EXPECT_LT(SparseEncoder::sparsity(model.encode(texts)).active_dims, wide.active_dims);
  trainer.save_model(out.path() / "model");
  const SparseEncoder again((out.path() / "model").string(), {.device = "cpu"});
  EXPECT_LE(largest_difference(again.encode(texts).to_dense(), model.encode(texts).to_dense()),
            1e-6);
  const std::string card = read_file(out.path() / "model/README.md");
  EXPECT_NE(card.find("- sparse-encoder\n"), std::string::npos);
  EXPECT_NE(card.find("from sentence_transformers import SparseEncoder"), std::string::npos);
  EXPECT_NE(card.find("loss:SpladeLoss"), std::string::npos);
}

TEST(SparseLosses, AutoEncodersTrain) {
  SparseEncoder model = tiny("csr");
  const std::vector<std::string> texts = golden_json("sparse.json")["texts"];
  const std::vector<Example> examples = near_pairs(texts);
  const auto loss = std::make_shared<CSRLoss>();
  const TempDir out;
  SparseEncoderTrainer trainer(model, short_run(), std::make_shared<ListDataset>(examples), loss);
  const double before = loss->forward(model, {.examples = examples}).item<double>();
  EXPECT_EQ(trainer.train().steps, 20);
  EXPECT_LT(loss->forward(model, {.examples = examples}).item<double>(), before);
  trainer.save_model(out.path() / "model");
  const SparseEncoder again((out.path() / "model").string(), {.device = "cpu"});
  EXPECT_LE(largest_difference(again.encode(texts).to_dense(), model.encode(texts).to_dense()),
            1e-6);
}

// Parameters and counts lie in the modules' folders, not in the model's own.
TEST(SparseLosses, RunsOfAutoEncodersResume) {
  const std::vector<std::string> texts = golden_json("sparse.json")["texts"];
  std::vector<Example> examples;
  for (size_t i = 0; i < 4; ++i) examples.push_back({.texts = {texts[i] + " he", texts[i] + " a"}});
  const auto run = [&](SparseEncoder& model, const fs::path& out, bool resumes) {
    SparseEncoderTrainer trainer(model,
                                 {.output_dir = out,
                                  .num_train_epochs = 3,
                                  .per_device_train_batch_size = 2,
                                  .learning_rate = 1e-2,
                                  .dropout = 0,
                                  .save_strategy = Interval::steps,
                                  .save_steps = 2,
                                  .show_progress_bar = false},
                                 std::make_shared<ListDataset>(examples),
                                 std::make_shared<CSRLoss>());
    return resumes ? trainer.resume(out / "checkpoint-4") : trainer.train();
  };
  const TempDir out;
  SparseEncoder whole = tiny("csr"), rest = tiny("csr");
  EXPECT_EQ(run(whole, out.path(), false).steps, 6);
  EXPECT_EQ(run(rest, out.path(), true).steps, 6);
  const auto expected = whole.named_parameters(), found = rest.named_parameters();
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_TRUE(at::equal(found[i].second, expected[i].second)) << found[i].first;
  }
}

TEST(SparseLosses, ReconstructionOfEqualEmbeddingsHasNoVarianceToDivideBy) {
  const at::Tensor ones = at::ones({3, 4}, at::kFloat), zeros = at::zeros({3, 4}, at::kFloat);
  const AutoEncoderOutputs outputs{.sentence_embedding_backbone = ones,
                                   .decoded_embedding_k = ones,
                                   .decoded_embedding_4k = zeros,
                                   .decoded_embedding_aux = 3 * ones,
                                   .decoded_embedding_k_pre_bias = zeros};
  EXPECT_NEAR(CSRReconstructionLoss(0.5).compute({outputs, outputs}).item<double>(),
              0 + 1.0 / 8 + 0.5 * 4, 1e-6);
  EXPECT_THROWS(std::invalid_argument, CSRReconstructionLoss().compute({}),
                "[CSRReconstructionLoss] expected at least 1 text", "found 0");
}

TEST(SparseLosses, RefuseWhatTheyCannotUse) {
  const auto base = inner("SparseMultipleNegativesRankingLoss");
  EXPECT_THROWS(std::invalid_argument, SpladeLoss(nullptr), "[SpladeLoss] expected a loss");
  EXPECT_THROWS(std::invalid_argument, SpladeLoss(base, {.document_regularizer_weight = -1}),
                "document_regularizer_weight is -1", "expected at least 0");
  EXPECT_THROWS(std::invalid_argument, SpladeLoss(base, {.query_regularizer_weight = -1}),
                "query_regularizer_weight is -1");
  SpladeLoss loss(base);
  EXPECT_THROWS(std::invalid_argument, loss.compute({at::ones({2, 3}, at::kFloat)}, {}),
                "[SpladeLoss] expected at least 2 texts an example, found 1");
  EXPECT_THROWS(std::invalid_argument, CachedSpladeLoss(base, {}, 0),
                "[CachedSpladeLoss] mini_batch_size is 0; expected at least 1");
  using Rising = SpladeRegularizerWeightSchedulerCallback;
  EXPECT_THROWS(std::invalid_argument, Rising(nullptr), "expected a SpladeLoss, found none");
  EXPECT_THROWS(std::invalid_argument,
                Rising(std::make_shared<SpladeLoss>(base), RegularizerSchedule::linear, 0),
                "warmup_ratio is 0", "expected above 0 to 1");
  EXPECT_THROWS(std::invalid_argument, DistillKLDivLoss({.temperature = 0}),
                "[DistillKLDivLoss] temperature is 0", "expected a positive number");
  EXPECT_THROWS(std::invalid_argument, DistillKLDivLoss({.student_temperature = -1}),
                "student_temperature is -1");
  EXPECT_THROWS(std::invalid_argument, DistillKLDivLoss({.teacher_temperature = -1}),
                "teacher_temperature is -1");
  const at::Tensor two = at::ones({2, 3}, at::kFloat);
  const Batch labelled{.examples = {{.labels = {1}}, {.labels = {2}}}};
  EXPECT_THROWS(std::invalid_argument, DistillKLDivLoss().compute({two, two, two}, labelled),
                "expected a teacher's score of each of 2 passages as labels, found 1");
}

}  // namespace
}  // namespace sentence_transformers
