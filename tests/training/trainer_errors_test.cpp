// What a training run does when something goes wrong: nothing is lost, and the message says why.
#include <sentence_transformers/error.h>
#include <sys/resource.h>

#include <csignal>

#include "training_support.h"

namespace sentence_transformers::test {
namespace {

using namespace training;

const auto kLoss = [] { return std::make_shared<CosineSimilarityLoss>(); };

TrainingResult train(const TrainingArguments& arguments,
                     std::shared_ptr<const Dataset> dataset = golden_dataset(),
                     std::shared_ptr<Loss> loss = kLoss()) {
  SentenceTransformer model = tiny_model();
  return SentenceTransformerTrainer(model, arguments, std::move(dataset), std::move(loss)).train();
}

TEST(TrainerErrors, ArgumentsOutOfRange) {
  const auto check = [](const std::function<void(TrainingArguments&)>& change,
                        const std::string& text) {
    TrainingArguments arguments = golden_arguments();
    change(arguments);
    EXPECT_THROWS(std::invalid_argument, train(arguments), "[Trainer]", text);
  };
  check([](auto& a) { a.per_device_train_batch_size = 0; }, "per_device_train_batch_size");
  check([](auto& a) { a.gradient_accumulation_steps = 0; }, "gradient_accumulation_steps");
  check([](auto& a) { a.max_steps = -1, a.num_train_epochs = 0; }, "num_train_epochs");
  check([](auto& a) { a.learning_rate = -1; }, "learning_rate");
  check([](auto& a) { a.learning_rate = std::nan(""); }, "learning_rate");
  check([](auto& a) { a.warmup_ratio = 1.5; }, "warmup_ratio");
  check([](auto& a) { a.logging_steps = 0; }, "logging_steps");
  check([](auto& a) { a.shuffle_buffer = 0; }, "shuffle_buffer");
  check([](auto& a) { a.eval_strategy = Interval::steps; }, "no evaluator");
  check([](auto& a) { a.load_best_model_at_end = true; }, "load_best_model_at_end");
  check([](auto& a) { a.per_device_train_batch_size = 7, a.dataloader_drop_last = true; },
        "no batch of 7");
  TrainingArguments arguments = golden_arguments();
  arguments.dropout = 1.0;
  EXPECT_THROWS(std::invalid_argument, train(arguments), "[set_dropout]", "found 1.0");
}

TEST(TrainerErrors, DataAndLossMustBeThereAndFit) {
  EXPECT_THROWS(std::invalid_argument,
                train(golden_arguments(), std::make_shared<ListDataset>(std::vector<Example>{})),
                "[Trainer] dataset 0 has no examples");
  EXPECT_THROWS(std::invalid_argument, train(golden_arguments(), nullptr), "expected a dataset");
  EXPECT_THROWS(std::invalid_argument, train(golden_arguments(), golden_dataset(), nullptr),
                "expected a dataset and a loss");
  EXPECT_THROWS(std::invalid_argument,
                train(golden_arguments(), golden_dataset(), std::make_shared<TripletLoss>()),
                "[TripletLoss]", "3", "2");
  SentenceTransformer model = tiny_model();
  EXPECT_THROWS(std::invalid_argument,
                SentenceTransformerTrainer(model, golden_arguments(),
                                           std::vector<SentenceTransformerTrainer::Task>{}),
                "[Trainer] expected a dataset and a loss");
  const SentenceTransformerTrainer trainer(model, golden_arguments(), golden_dataset(), kLoss());
  EXPECT_THROWS(std::invalid_argument, trainer.evaluate(), "[Trainer::evaluate]", "no evaluator");
  if (!std::getenv("SENTENCE_TRANSFORMERS_PLAIN")) {
    SentenceTransformer small(golden("tiny_bert").string(), {.quantization = Quantization::int8});
    SentenceTransformerTrainer int8(small, golden_arguments(), golden_dataset(), kLoss());
    EXPECT_THROWS(std::invalid_argument, int8.train(), "[SentenceTransformer::train]", "int8");
  }
}

/// Right until a step, then no number.
class Breaking : public CosineSimilarityLoss {
 public:
  at::Tensor compute(const std::vector<at::Tensor>& e, const Batch& b) override {
    const at::Tensor loss = CosineSimilarityLoss::compute(e, b);
    return ++calls_ < 4 ? loss : loss * std::nan("");
  }
  int calls_ = 0;
};

TEST(TrainerErrors, ALossThatIsNoNumberStopsAndKeepsTheCheckpoint) {
  TempDir folder;
  TrainingArguments arguments = golden_arguments();
  arguments.output_dir = folder.path();
  arguments.save_steps = 1;
  SentenceTransformer model = tiny_model();
  SentenceTransformerTrainer trainer(model, arguments, golden_dataset(),
                                     std::make_shared<Breaking>());
  EXPECT_THROWS(Error, trainer.train(), "[Trainer] step 4", "batch 1", "the loss is", "nan",
                "checkpoint-3 is kept", "the batch begins with \"");
  EXPECT_FALSE(model.is_training());
  const SentenceTransformer kept((folder.path() / "checkpoint-3").string());
  EXPECT_EQ(parameter_difference(model, kept), 0);
}

TEST(TrainerErrors, AFullDiskLeavesTheOldCheckpoint) {
  TempDir folder;
  TrainingArguments arguments = golden_arguments();
  arguments.output_dir = folder.path();
  arguments.save_steps = 2;
  SentenceTransformer model = tiny_model();
  SentenceTransformerTrainer trainer(model, arguments, golden_dataset(), kLoss());
  // No file may grow beyond 50 KB from step 3 on: as a full disk, it ends a write in the middle.
  rlimit before;
  getrlimit(RLIMIT_FSIZE, &before);
  const auto signal_before = std::signal(SIGXFSZ, SIG_IGN);
  trainer.add_callback(std::make_shared<AfterStep>([&](const TrainingState& s) {
    const rlimit tight{50'000, before.rlim_max};
    if (s.step == 3) setrlimit(RLIMIT_FSIZE, &tight);
    return true;
  }));
  EXPECT_THROWS(Error, trainer.train(), ".unfinished-checkpoint-4");
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, signal_before);
  EXPECT_TRUE(fs::exists(folder.path() / "checkpoint-2" / "model.safetensors"));
  EXPECT_FALSE(fs::exists(folder.path() / "checkpoint-4"));
  EXPECT_FALSE(fs::exists(folder.path() / ".unfinished-checkpoint-4"));
  SentenceTransformer rest = tiny_model();
  SentenceTransformerTrainer again(rest, arguments, golden_dataset(), kLoss());
  EXPECT_EQ(again.resume(folder.path()).steps, 6);
}

TEST(TrainerErrors, ASignalEndsTheStepAndWritesACheckpoint) {
  for (const int signal : {SIGTERM, SIGINT}) {
    TempDir folder;
    TrainingArguments arguments = golden_arguments();
    arguments.output_dir = folder.path();
    SentenceTransformer model = tiny_model();
    SentenceTransformerTrainer trainer(model, arguments, golden_dataset(), kLoss());
    trainer.add_callback(std::make_shared<AfterStep>([&](const TrainingState& s) {
      if (s.step == 2) std::raise(signal);
      return true;
    }));
    const TrainingResult result = trainer.train();
    EXPECT_TRUE(result.stopped);
    EXPECT_EQ(result.signal, signal);
    EXPECT_LE(result.steps, 3);
    EXPECT_TRUE(fs::exists(result.last_checkpoint / "trainer_state.json"));
  }
  // The handlers from before are back.
  struct sigaction now;
  sigaction(SIGTERM, nullptr, &now);
  EXPECT_EQ(now.sa_handler, SIG_DFL);
}

TEST(TrainerErrors, OnlyAFittingCheckpointIsResumed) {
  TempDir folder;
  TrainingArguments arguments = golden_arguments();
  arguments.output_dir = folder.path();
  train(arguments);
  const auto resume = [&](const TrainingArguments& a, const fs::path& from) {
    SentenceTransformer model = tiny_model();
    return SentenceTransformerTrainer(model, a, golden_dataset(), kLoss()).resume(from);
  };
  EXPECT_THROWS(LoadError, resume(arguments, folder.path() / "nothing"), "[Trainer::resume]",
                "nothing", "expected a checkpoint");
  TrainingArguments other = arguments;
  other.seed = 7;
  EXPECT_THROWS(LoadError, resume(other, folder.path()),
                "\"run.seed\" is \"42\", this run has \"7\"");
  other = arguments;
  other.per_device_train_batch_size = 2;
  EXPECT_THROWS(LoadError, resume(other, folder.path()), "\"run.batch_size\" is 6",
                "this run has 2");
  const fs::path checkpoint = folder.path() / "checkpoint-6";
  std::map<std::string, at::Tensor> tensors;
  {
    const SafeTensors file = SafeTensors::open(checkpoint / "trainer_state.safetensors");
    for (const auto& name : file.names()) tensors[name] = file.get(name).clone();
  }
  const std::string name = "exp_avg.embeddings.LayerNorm.bias";
  ASSERT_TRUE(tensors.count(name));
  const auto write = [&](const std::string& file, const auto& list) {
    write_safetensors(checkpoint / file, {list.begin(), list.end()});
  };
  auto changed = tensors;
  changed[name] = at::zeros({3});
  write("trainer_state.safetensors", changed);
  EXPECT_THROWS(LoadError, resume(arguments, folder.path()), "\"" + name + "\" does not fit");
  changed.erase(name);
  write("trainer_state.safetensors", changed);
  EXPECT_THROWS(LoadError, resume(arguments, folder.path()), "\"" + name + "\" is missing");
  write("trainer_state.safetensors", tensors);
  EXPECT_EQ(resume(arguments, folder.path()).steps, 6);
  std::map<std::string, at::Tensor> weights;
  for (const auto& [key, value] : tiny_model().named_parameters()) weights[key] = value.detach();
  weights["embeddings.LayerNorm.bias"] = at::zeros({3});
  write("model.safetensors", weights);
  EXPECT_THROWS(LoadError, resume(arguments, folder.path()), "embeddings.LayerNorm.bias");
}

/// Fails inside LibTorch.
class Misshapen : public CosineSimilarityLoss {
 public:
  at::Tensor compute(const std::vector<at::Tensor>& e, const Batch&) override {
    return e[0].matmul(e[1]).sum();
  }
};

TEST(TrainerErrors, LibTorchsErrorsComeWithoutStackFrames) {
  try {
    train(golden_arguments(), golden_dataset(), std::make_shared<Misshapen>());
    ADD_FAILURE();
  } catch (const Error& e) {
    const std::string text = e.what();
    EXPECT_EQ(text.rfind("[Trainer] ", 0), 0u) << text;
    EXPECT_NE(text.find("mat1"), std::string::npos) << text;
    EXPECT_EQ(text.find("frame #"), std::string::npos) << text;
    EXPECT_EQ(text.find("Exception raised"), std::string::npos) << text;
    EXPECT_THROW(std::rethrow_if_nested(e), c10::Error);  // for who wants to know its kind
  }
}

TEST(TrainerErrors, ABestCheckpointThatIsGoneIsTold) {
  TempDir folder;
  TrainingArguments arguments = golden_arguments();
  arguments.output_dir = folder.path();
  arguments.eval_strategy = Interval::steps;
  arguments.eval_steps = 1;
  arguments.load_best_model_at_end = true;
  class Falling : public SentenceEvaluator {
   public:
    Metrics operator()(const SentenceTransformer&, const EvaluationContext& c) const override {
      return {{"score", -static_cast<double>(c.steps)}};
    }
    std::string primary_metric(const Metrics&) const override { return "score"; }
  };
  SentenceTransformer model = tiny_model();
  SentenceTransformerTrainer trainer(model, arguments, golden_dataset(), kLoss(),
                                     std::make_shared<Falling>());
  trainer.train();
  fs::remove_all(folder.path() / "checkpoint-1");
  EXPECT_THROWS(LoadError, trainer.resume(folder.path()), "checkpoint-1");
}

TEST(TrainerErrors, AnOutputFolderThatCannotBe) {
  TempDir folder;
  write_file(folder.path() / "file", "x");
  TrainingArguments arguments = golden_arguments();
  arguments.output_dir = folder.path() / "file" / "out";
  EXPECT_THROWS(Error, train(arguments), "[Trainer]", "file/out");
}

}  // namespace
}  // namespace sentence_transformers::test
