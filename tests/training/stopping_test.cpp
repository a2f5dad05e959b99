// Runs that end before their last step: which weights they keep, and EarlyStoppingCallback.
#include <csignal>

#include "training_support.h"

namespace sentence_transformers::test {
namespace {

using namespace training;

/// Gives the scores one after the other, the last one for ever.
class Scores : public SentenceEvaluator {
 public:
  explicit Scores(std::vector<double> scores) : scores_(std::move(scores)) {}
  Metrics operator()(const SentenceTransformer&, const EvaluationContext& c) const override {
    const auto place = static_cast<size_t>(c.steps - 1);
    return {{"score", scores_[std::min(place, scores_.size() - 1)]}};
  }
  std::string primary_metric(const Metrics&) const override { return "score"; }

 private:
  std::vector<double> scores_;
};

TrainingArguments evaluating(const fs::path& folder) {
  TrainingArguments arguments = golden_arguments();
  arguments.output_dir = folder;
  arguments.eval_strategy = Interval::steps;
  arguments.eval_steps = 1;
  arguments.load_best_model_at_end = true;
  arguments.max_steps = 12;
  return arguments;
}

struct Outcome {
  TrainingResult result;
  double from_best;  // the weights' distance from checkpoint-2
};

Outcome run(const TrainingArguments& arguments, std::vector<double> scores,
            std::shared_ptr<TrainerCallback> callback) {
  SentenceTransformer model = tiny_model();
  SentenceTransformerTrainer trainer(model, arguments, golden_dataset(),
                                     std::make_shared<CosineSimilarityLoss>(),
                                     std::make_shared<Scores>(std::move(scores)));
  trainer.add_callback(std::move(callback));
  Outcome outcome{trainer.train(), 0};
  const fs::path best = arguments.output_dir / "checkpoint-2";
  if (fs::exists(best)) {
    outcome.from_best = parameter_difference(model, SentenceTransformer(best.string()));
  }
  return outcome;
}

TEST(Stopping, ACallbackKeepsTheBestWeightsASignalTheLast) {
  for (const bool by_signal : {false, true}) {
    TempDir folder;
    const auto [result, from_best] = run(evaluating(folder.path()), {1, 3, 2, 2},
                                         std::make_shared<AfterStep>([&](const auto& s) {
                                           if (s.step < 4) return true;
                                           if (by_signal) std::raise(SIGTERM);
                                           return by_signal;
                                         }));
    EXPECT_TRUE(result.stopped);
    EXPECT_EQ(result.signal, by_signal ? SIGTERM : 0);
    EXPECT_EQ(result.steps, 4);
    EXPECT_EQ(result.best_checkpoint.filename(), "checkpoint-2");
    EXPECT_EQ(result.last_checkpoint.filename(), "checkpoint-4");
    EXPECT_EQ(from_best == 0, !by_signal) << from_best;
  }
}

/// Asks to stop from one of its calls, at a step.
class Asking : public TrainerCallback {
 public:
  Asking(std::string where, int64_t step) : where_(std::move(where)), step_(step) {}
  void on_train_begin(const TrainingState& s) override { ask("begin", s); }
  void on_log(const TrainingState& s) override { ask("log", s); }
  void on_evaluate(const TrainingState& s) override { ask("evaluate", s); }
  void on_save(const TrainingState& s, const fs::path&) override { ask("save", s); }

 private:
  void ask(const std::string& where, const TrainingState& s) {
    if (where == where_ && s.step == step_) request_stop();
  }
  std::string where_;
  int64_t step_;
};

TEST(Stopping, EachCallCanAskForIt) {
  for (const auto& [where, step] : std::vector<std::pair<std::string, int64_t>>{
           {"begin", 0}, {"log", 4}, {"evaluate", 5}, {"save", 2}}) {
    SCOPED_TRACE(where);
    TempDir folder;
    TrainingArguments arguments = evaluating(folder.path());
    arguments.logging_steps = 2;
    const auto outcome = run(arguments, {1, 3, 2}, std::make_shared<Asking>(where, step));
    EXPECT_EQ(outcome.result.steps, step);
    EXPECT_TRUE(outcome.result.stopped);
  }
}

TEST(Stopping, AnEvaluationAtAnEpochsEndCanAskForIt) {
  TempDir folder;
  TrainingArguments arguments = evaluating(folder.path());
  arguments.eval_strategy = Interval::epoch;
  arguments.per_device_train_batch_size = 2;  // three steps an epoch
  const auto outcome = run(arguments, {1}, std::make_shared<Asking>("evaluate", 6));
  EXPECT_EQ(outcome.result.steps, 6);
  EXPECT_EQ(outcome.result.epochs, 2);
}

// Scores, patience, threshold and the step after which transformers 5.23's own callback asked to
// stop when it was given these scores and the best one before as its trainer keeps it.
TEST(EarlyStopping, StopsWherePythonDoes) {
  const double nan = std::nan("");
  struct Case {
    std::vector<double> scores;
    int64_t patience;
    double threshold;
    int64_t last;
  };
  for (const Case& c : std::vector<Case>{{{1, 2, 1, 3, 3}, 1, 0, 3},
                                         {{1, 2, 1, 3, 3, 3}, 2, 0, 6},
                                         {{1, 2, 2, 2}, 2, 0, 4},
                                         {{1, 1.05, 1.1, 1.15}, 1, 0.1, 2},
                                         {{1, 1.05, 1.1, 1.3, 1.35, 1.4}, 2, 0.1, 3},
                                         {{1, 1.5, 1.55, 1.7, 1.75, 1.76}, 2, 0.1, 6},
                                         {{nan, 1, nan, nan}, 2, 0, 4},
                                         {{nan, nan, nan, 1}, 2, 0, 3},
                                         {{-3, -2, -2.5, -1, -1.5, -1.2, -1.1}, 3, 0, 7}}) {
    TempDir folder;
    const auto outcome = run(evaluating(folder.path()), c.scores,
                             std::make_shared<EarlyStoppingCallback>(c.patience, c.threshold));
    EXPECT_EQ(outcome.result.steps, c.last) << testing::PrintToString(c.scores);
  }
}

TEST(EarlyStopping, BringsTheBestWeightsBack) {
  TempDir folder;
  const auto [result, from_best] =
      run(evaluating(folder.path()), {1, 3, 2}, std::make_shared<EarlyStoppingCallback>(3));
  EXPECT_EQ(result.steps, 5);
  EXPECT_TRUE(result.stopped);
  EXPECT_EQ(from_best, 0);
}

TEST(EarlyStopping, GoesOnCountingInAResumedRun) {
  TempDir folder;
  const TrainingArguments arguments = evaluating(folder.path());
  const std::vector<double> scores = {1, 3, 2};  // patience 3 ends it after step 5
  SentenceTransformer model = tiny_model();
  const auto make = [&] {
    auto trainer = std::make_unique<SentenceTransformerTrainer>(
        model, arguments, golden_dataset(), std::make_shared<CosineSimilarityLoss>(),
        std::make_shared<Scores>(scores));
    trainer->add_callback(std::make_shared<EarlyStoppingCallback>(3));
    return trainer;
  };
  const auto first = make();
  first->add_callback(std::make_shared<AfterStep>([](const auto& s) { return s.step != 4; }));
  EXPECT_EQ(first->train().steps, 4);
  EXPECT_EQ(make()->resume(folder.path()).steps, 5);
}

TEST(EarlyStopping, RefusesWhatItCannotDo) {
  EXPECT_THROWS(std::invalid_argument, EarlyStoppingCallback(0), "early_stopping_patience is 0");
  EXPECT_THROWS(std::invalid_argument, EarlyStoppingCallback(1, -1), "early_stopping_threshold");
  EXPECT_THROWS(std::invalid_argument, EarlyStoppingCallback(1, std::nan("")), "threshold");
  SentenceTransformer model = tiny_model();
  SentenceTransformerTrainer trainer(model, golden_arguments(), golden_dataset(),
                                     std::make_shared<CosineSimilarityLoss>());
  trainer.add_callback(std::make_shared<EarlyStoppingCallback>());
  EXPECT_THROWS(std::invalid_argument, trainer.train(), "[Trainer] a callback needs evaluations");
}

}  // namespace
}  // namespace sentence_transformers::test
