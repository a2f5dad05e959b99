// Training runs against Python's, and against each other: repeated, resumed, accumulated.
#include "training_support.h"

namespace sentence_transformers::test {
namespace {

using namespace training;

const auto kLoss = [] { return std::make_shared<CosineSimilarityLoss>(); };

struct Run {
  const char* python;
  Schedule schedule;
};

class EachSchedule : public testing::TestWithParam<Run> {};

TEST_P(EachSchedule, GivesPythonsWeights) {
  const auto golden_run = golden_json("training.json")["runs"][GetParam().python];
  const SafeTensors wanted = SafeTensors::open(golden("training.safetensors"));
  SentenceTransformer model = tiny_model();
  TrainingArguments arguments = golden_arguments();
  arguments.lr_scheduler_type = GetParam().schedule;
  arguments.logging_steps = 1;
  TempDir folder;
  arguments.output_dir = folder.path();
  SentenceTransformerTrainer trainer(model, arguments, golden_dataset(), kLoss());
  const TrainingResult result = trainer.train();
  EXPECT_EQ(result.steps, 6);
  EXPECT_FALSE(model.is_training());

  const auto log = read_lines(folder.path() / "log.jsonl");
  ASSERT_EQ(log.size(), golden_run.size());
  for (size_t i = 0; i < log.size(); ++i) {
    for (const char* key : {"loss", "grad_norm", "learning_rate"}) {
      EXPECT_NEAR(log[i][key].get<double>(), golden_run[i][key].get<double>(), 1e-5) << key << i;
    }
  }
  size_t compared = 0;
  for (const auto& [name, parameter] : model.named_parameters()) {
    const std::string key = std::string(GetParam().python) + "." + name;
    if (!wanted.contains(key)) continue;
    ++compared;
    if (is_rounding_alone(name)) continue;
    EXPECT_LE(largest_difference(parameter.detach(), wanted.get(key)), 1e-5) << name;
  }
  EXPECT_EQ(compared, GetParam().schedule == Schedule::linear ? 39u : 4u);
}

INSTANTIATE_TEST_SUITE_P(
    Trainer, EachSchedule,
    testing::Values(Run{"linear", Schedule::linear}, Run{"cosine", Schedule::cosine},
                    Run{"constant_with_warmup", Schedule::constant_with_warmup}),
    [](const auto& info) { return std::string(info.param.python); });

/// Three batches of two an epoch, with dropout.
TrainingArguments small_batches() {
  TrainingArguments arguments = golden_arguments();
  arguments.per_device_train_batch_size = 2;
  arguments.dropout = 0.1;
  arguments.max_steps = 8;
  return arguments;
}

TEST(TrainerTest, RepeatsToTheBit) {
  std::vector<SentenceTransformer> models;
  for (int i = 0; i < 3; ++i) {
    models.push_back(tiny_model());
    TrainingArguments arguments = small_batches();
    if (i == 2) arguments.seed = 43;
    SentenceTransformerTrainer(models.back(), arguments, golden_dataset(), kLoss()).train();
  }
  EXPECT_EQ(parameter_difference(models[0], models[1]), 0);
  EXPECT_GT(parameter_difference(models[0], models[2]), 1e-5);
}

TEST(TrainerTest, LearnsThePairs) {
  SentenceTransformer model = tiny_model();
  const auto error = [&] {
    double sum = 0;
    for (const Example& e : golden_pairs()) {
      const at::Tensor v = model.encode(e.texts);
      sum += std::pow(util::cos_sim(v[0], v[1]).item<double>() - e.labels[0], 2);
    }
    return sum;
  };
  const double before = error();
  TrainingArguments arguments = golden_arguments();
  arguments.max_steps = 60;
  const auto result =
      SentenceTransformerTrainer(model, arguments, golden_dataset(), kLoss()).train();
  EXPECT_LT(error(), before / 10);
  EXPECT_LT(result.train_loss, before / 6);
}

TEST(TrainerTest, AResumedRunReachesTheSameWeights) {
  for (const int64_t stop : {2, 3, 5}) {  // within an epoch, at its end, in the next one
    TempDir folder;
    TrainingArguments arguments = small_batches();
    SentenceTransformer whole = tiny_model(), halves = tiny_model(), rest = tiny_model();
    SentenceTransformerTrainer(whole, arguments, golden_dataset(), kLoss()).train();

    arguments.output_dir = folder.path();
    SentenceTransformerTrainer first(halves, arguments, golden_dataset(), kLoss());
    first.add_callback(
        std::make_shared<AfterStep>([&](const TrainingState& s) { return s.step < stop; }));
    const TrainingResult stopped = first.train();
    EXPECT_TRUE(stopped.stopped);
    EXPECT_EQ(stopped.steps, stop);
    EXPECT_EQ(stopped.last_checkpoint, folder.path() / ("checkpoint-" + std::to_string(stop)));

    SentenceTransformerTrainer second(rest, arguments, golden_dataset(), kLoss());
    const TrainingResult result = second.resume(folder.path());
    EXPECT_EQ(result.steps, 8);
    EXPECT_FALSE(result.stopped);
    EXPECT_EQ(parameter_difference(whole, rest), 0) << stop;
    EXPECT_GT(parameter_difference(whole, halves), 0);
  }
}

TEST(TrainerTest, AccumulatedBatchesEqualLargeOnes) {
  SentenceTransformer large = tiny_model(), small = tiny_model();
  TrainingArguments arguments = golden_arguments();
  SentenceTransformerTrainer(large, arguments, golden_dataset(), kLoss()).train();
  arguments.per_device_train_batch_size = 2;
  arguments.gradient_accumulation_steps = 3;
  const auto result =
      SentenceTransformerTrainer(small, arguments, golden_dataset(), kLoss()).train();
  EXPECT_EQ(result.steps, 6);
  EXPECT_NEAR(result.epochs, 6, 1e-9);
  // A twentieth of a step: AdamW scales a tiny gradient's rounding up with the gradient.
  EXPECT_LE(parameter_difference(large, small, true), 5e-5);
}

TEST(TrainerTest, GradientCheckpointingChangesNothing) {
  SentenceTransformer plain = tiny_model(), checkpointed = tiny_model();
  TrainingArguments arguments = small_batches();
  SentenceTransformerTrainer(plain, arguments, golden_dataset(), kLoss()).train();
  arguments.gradient_checkpointing = true;
  SentenceTransformerTrainer(checkpointed, arguments, golden_dataset(), kLoss()).train();
  EXPECT_LE(parameter_difference(plain, checkpointed, true), 1e-6);
}

TEST(TrainerTest, Bfloat16StaysClose) {
  SentenceTransformer plain = tiny_model(), half = tiny_model();
  TrainingArguments arguments = golden_arguments();
  SentenceTransformerTrainer(plain, arguments, golden_dataset(), kLoss()).train();
  arguments.bf16 = true;
  SentenceTransformerTrainer(half, arguments, golden_dataset(), kLoss()).train();
  EXPECT_GT(parameter_difference(plain, half), 0);  // it was on
  const at::Tensor a = plain.encode("a man plays a guitar"),
                   b = half.encode("a man plays a guitar");
  EXPECT_GT(util::cos_sim(a, b).item<double>(), 0.99);
}

TEST(TrainerTest, ALossesOwnParametersAreTrainedAndRestored) {
  std::vector<Example> examples = golden_pairs();
  for (size_t i = 0; i < examples.size(); ++i) examples[i].labels = {static_cast<float>(i % 3)};
  const auto dataset = std::make_shared<ListDataset>(examples);
  TempDir folder;
  TrainingArguments arguments = small_batches();
  arguments.output_dir = folder.path();
  const auto make_loss = [](SentenceTransformer& model) {
    auto loss = std::make_shared<SoftmaxLoss>(model.get_embedding_dimension());
    for (auto& [name, tensor] : loss->named_parameters()) tensor.detach().fill_(0.25);
    return loss;
  };
  SentenceTransformer whole = tiny_model(), part = tiny_model();
  const auto whole_loss = make_loss(whole), part_loss = make_loss(part);
  SentenceTransformerTrainer(whole, arguments, dataset, whole_loss).train();
  EXPECT_GT((whole_loss->named_parameters()[0].second - 0.25).abs().max().item<double>(), 1e-4);

  SentenceTransformerTrainer first(part, arguments, dataset, make_loss(part));
  first.add_callback(
      std::make_shared<AfterStep>([](const TrainingState& s) { return s.step < 4; }));
  TempDir other;
  arguments.output_dir = other.path();
  SentenceTransformerTrainer stopped(part, arguments, dataset, make_loss(part));
  stopped.add_callback(
      std::make_shared<AfterStep>([](const TrainingState& s) { return s.step < 4; }));
  stopped.train();
  SentenceTransformer rest = tiny_model();
  SentenceTransformerTrainer(rest, arguments, dataset, part_loss).resume(other.path());
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_TRUE(at::equal(whole_loss->named_parameters()[i].second,
                          part_loss->named_parameters()[i].second));
  }
}

TEST(TrainerTest, SeveralDatasetsEachWithItsLoss) {
  SentenceTransformer model = tiny_model();
  std::vector<Example> triplets = {{{"a man plays", "a man runs", "rain falls"}, {}},
                                   {{"the cat sleeps", "a cat rests", "the train is late"}, {}}};
  TrainingArguments arguments = small_batches();
  arguments.max_steps = -1;
  arguments.num_train_epochs = 1;
  std::vector<int64_t> texts;
  class Counting : public TripletLoss {
   public:
    explicit Counting(int* calls) : calls_(calls) {}
    at::Tensor compute(const std::vector<at::Tensor>& e, const Batch& b) override {
      ++*calls_;
      EXPECT_EQ(b.examples[0].texts.size(), 3u);
      return TripletLoss::compute(e, b);
    }
    int* calls_;
  };
  int calls = 0;
  SentenceTransformerTrainer trainer(model, arguments,
                                     {{golden_dataset(), kLoss(), {}, "pairs"},
                                      {std::make_shared<ListDataset>(triplets),
                                       std::make_shared<Counting>(&calls),
                                       {},
                                       "triplets"}});
  EXPECT_EQ(trainer.train().steps, 4);  // three batches of pairs, one of triplets
  EXPECT_EQ(calls, 1);
  arguments.multi_dataset_batch_sampler = MultiDatasetSampler::round_robin;
  SentenceTransformerTrainer in_turn(model, arguments,
                                     {{golden_dataset(), kLoss(), {}, "pairs"},
                                      {std::make_shared<ListDataset>(triplets),
                                       std::make_shared<Counting>(&calls),
                                       {},
                                       "triplets"}});
  EXPECT_EQ(in_turn.train().steps, 2);
  EXPECT_EQ(calls, 2);
}

/// Best after step 3.
class Judge : public SentenceEvaluator {
 public:
  Metrics operator()(const SentenceTransformer& model,
                     const EvaluationContext& context) const override {
    EXPECT_FALSE(model.is_training());
    return {{"score", -std::abs(static_cast<double>(context.steps) - 3)}};
  }
  std::string primary_metric(const Metrics&) const override { return "score"; }
};

/// Evaluates and saves after each of 8 steps.
TrainingArguments judged_arguments(const fs::path& folder) {
  TrainingArguments arguments = golden_arguments();
  arguments.output_dir = folder;
  arguments.max_steps = 8;
  arguments.eval_strategy = Interval::steps;
  arguments.eval_steps = 1;
  arguments.save_steps = 1;
  arguments.save_total_limit = 2;
  arguments.load_best_model_at_end = true;
  arguments.logging_steps = 4;
  return arguments;
}

TEST(TrainerTest, TheBestModelsLossComesBackWithIt) {
  TempDir folder;
  SentenceTransformer model = tiny_model();
  std::vector<Example> examples = golden_pairs();
  for (size_t i = 0; i < examples.size(); ++i) {
    examples[i].labels = {static_cast<float>(i % 3)};
  }
  const auto loss = std::make_shared<SoftmaxLoss>(model.get_embedding_dimension());
  at::Tensor best;
  SentenceTransformerTrainer trainer(model, judged_arguments(folder.path()),
                                     std::make_shared<ListDataset>(examples), loss,
                                     std::make_shared<Judge>());
  trainer.add_callback(std::make_shared<AfterStep>([&](const TrainingState& s) {
    if (s.step == 3) best = loss->named_parameters()[0].second.detach().clone();
    return true;
  }));
  EXPECT_EQ(trainer.train().best_checkpoint.filename(), "checkpoint-3");
  EXPECT_TRUE(at::equal(loss->named_parameters()[0].second.detach(), best));
}

TEST(TrainerTest, TheBarShowsTheLoss) {
  SentenceTransformer model = tiny_model();
  TrainingArguments arguments = golden_arguments();
  arguments.show_progress_bar = true;
  SentenceTransformerTrainer trainer(model, arguments, golden_dataset(), kLoss());
  testing::internal::CaptureStderr();
  trainer.train();
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(text.starts_with("Training: 100% 6/6 [")) << text;
  EXPECT_NE(text.find(" step/s, loss 0."), std::string::npos) << text;
}

TEST(TrainerTest, KeepsTheBestModelAndTheNewestCheckpoints) {
  TempDir folder;
  SentenceTransformer model = tiny_model();
  at::Tensor best;
  SentenceTransformerTrainer trainer(model, judged_arguments(folder.path()), golden_dataset(),
                                     kLoss(), std::make_shared<Judge>());
  trainer.add_callback(std::make_shared<AfterStep>([&](const TrainingState& s) {
    if (s.step == 3) best = model.named_parameters()[0].second.detach().clone();
    return true;
  }));
  const TrainingResult result = trainer.train();
  EXPECT_EQ(result.best_metric, 0.0);
  EXPECT_EQ(result.best_checkpoint.filename(), "checkpoint-3");
  EXPECT_TRUE(at::equal(model.named_parameters()[0].second.detach(), best));
  std::set<std::string> left;
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    left.insert(entry.path().filename().string());
  }
  EXPECT_EQ(left, (std::set<std::string>{"checkpoint-3", "checkpoint-7", "checkpoint-8",
                                         "curves.svg", "log.jsonl"}));
  // A checkpoint is a model.
  const SentenceTransformer saved(result.best_checkpoint.string());
  EXPECT_EQ(parameter_difference(model, saved), 0);
  EXPECT_LE(largest_difference(saved.encode("the cat"), model.encode("the cat")), 1e-6);
  // Evaluations and losses are in the log and in the picture.
  const auto log = read_lines(folder.path() / "log.jsonl");
  EXPECT_EQ(log.size(), 10u);
  const std::string svg = read_file(folder.path() / "curves.svg");
  EXPECT_NE(svg.find("loss by step"), std::string::npos);
  EXPECT_NE(svg.find("score by step"), std::string::npos);
}

TEST(TrainerTest, AMetricThatIsNoNumberIsNeverTheBest) {
  TempDir folder;
  TrainingArguments arguments = golden_arguments();
  arguments.output_dir = folder.path();
  arguments.eval_strategy = Interval::steps;
  arguments.eval_steps = 1;
  arguments.logging_steps = 1;
  arguments.load_best_model_at_end = true;
  class Judge : public SentenceEvaluator {
   public:
    Metrics operator()(const SentenceTransformer&, const EvaluationContext& c) const override {
      return {{"score", c.steps == 2 ? -1.0 : std::nan("")}};
    }
    std::string primary_metric(const Metrics&) const override { return "score"; }
  };
  SentenceTransformer model = tiny_model(), rest = tiny_model();
  SentenceTransformerTrainer trainer(model, arguments, golden_dataset(), kLoss(),
                                     std::make_shared<Judge>());
  trainer.add_callback(
      std::make_shared<AfterStep>([](const TrainingState& s) { return s.step < 4; }));
  const TrainingResult stopped = trainer.train();
  EXPECT_EQ(stopped.best_metric, -1.0);
  EXPECT_EQ(stopped.best_checkpoint.filename(), "checkpoint-2");
  // The history with its NaNs can be read again, by another spelling of the folder.
  SentenceTransformerTrainer again(rest, arguments, golden_dataset(), kLoss(),
                                   std::make_shared<Judge>());
  const TrainingResult result = again.resume(folder.path() / "." / "checkpoint-4" / "");
  EXPECT_EQ(result.steps, 6);
  EXPECT_EQ(result.best_metric, -1.0);
  EXPECT_EQ(
      parameter_difference(rest, SentenceTransformer((folder.path() / "checkpoint-2").string())),
      0);
}

TEST(TrainerTest, GradientsFromBeforeDoNotCount) {
  SentenceTransformer clean = tiny_model(), used = tiny_model();
  for (auto& [name, parameter] : used.named_parameters()) {
    parameter.mutable_grad() = at::full_like(parameter.detach(), std::nan(""));
  }
  SentenceTransformerTrainer(clean, golden_arguments(), golden_dataset(), kLoss()).train();
  SentenceTransformerTrainer(used, golden_arguments(), golden_dataset(), kLoss()).train();
  EXPECT_EQ(parameter_difference(clean, used), 0);
}

}  // namespace
}  // namespace sentence_transformers::test
