// What trainer_state.json may hold, and that nothing else comes back as a run's state.
#include "training/run_state.h"

#include <sentence_transformers/error.h>

#include "training/run_log.h"
#include "training_support.h"

namespace sentence_transformers::test {
namespace {

using namespace training;

const RunLimits kLimits{.max_steps = 10, .batches_an_epoch = 4};

RunState state() {
  return {.step = 5,
          .epoch = 1,
          .batches_done = 2,
          .evaluated_step = 4,
          .metrics = {{"score", 0.5}},
          .best_metrics = {{"score", 0.75}},
          .best_metric = 0.75,
          .best_checkpoint = "checkpoint-4",
          .history = {{{"step", 0}, {"dataset", "a"}, {"bad_lines", 1}, {"messages", {"m"}}},
                      {{"step", 0}, {"dataset", "a"}, {"shuffle_window", 7}},
                      {{"step", 2}, {"epoch", 0.5}, {"loss", 0.25}, {"steps_per_second", nullptr}},
                      {{"step", 4},
                       {"epoch", 1},
                       {"metrics", {{"score", 0.75}, {"other", nullptr}}},
                       {"primary_metric", "score"}}},
          .loss_since_log = 0.5,
          .logged_step = 4,
          .callbacks = {{{"waited", 2}}, {}},
          .csv_sizes = {{"a.csv", 12}}};
}

TEST(RunStateTest, ComesBack) {
  const nlohmann::json written = to_json(state());
  EXPECT_EQ(to_json(read_run_state(nlohmann::json::parse(written.dump()), "f", kLimits)), written);
  // What earlier versions wrote has less.
  const RunState least =
      read_run_state({{"step", 3}, {"epoch", 1}, {"batches_done", 0}}, "f", kLimits);
  EXPECT_EQ(least.evaluated_step, -1);
  EXPECT_EQ(least.logged_step, 3);
  EXPECT_FALSE(least.best_metric);
}

TEST(RunStateTest, WrongFieldsAreLoadErrors) {
  const auto refused = [](const std::string& pointer, const nlohmann::json& value,
                          const std::string& text) {
    nlohmann::json json = to_json(state());
    json[nlohmann::json::json_pointer(pointer)] = value;
    EXPECT_THROWS(LoadError, read_run_state(json, "dir/trainer_state.json", kLimits),
                  "dir/trainer_state.json", text);
  };
  refused("/step", -1, "\"step\" is -1; expected 0 to 10");
  refused("/step", 11, "\"step\" is 11; expected 0 to 10");
  refused("/step", "5", "\"step\"");
  refused("/step", 1e300, "\"step\"");
  refused("/epoch", 6, "\"epoch\" is 6; expected 0 to 5");
  refused("/batches_done", 5, "\"batches_done\" is 5; expected 0 to 4");
  refused("/evaluated_step", 6, "\"evaluated_step\" is 6; expected -1 to 5");
  refused("/logged_step", 6, "\"logged_step\" is 6; expected 0 to 5");
  refused("/loss_since_log", "much", "\"loss_since_log\"");
  refused("/metrics", {1, 2}, "\"metrics\"");
  refused("/metrics/score", "good", "\"metrics.score\"");
  refused("/best_metrics", 3, "\"best_metrics\"");
  refused("/best_metric", "best", "\"best_metric\"");
  for (const char* name : {"../checkpoint-4", "checkpoint-4/..", "/etc", "checkpoint-", "..",
                           "checkpoint-4x", "checkpoint-9999999999999999999"}) {
    refused("/best_checkpoint", name, "expected the name of a folder checkpoint-N");
  }
  refused("/best_checkpoint", std::string(100'000, 'x'), "xxx...");
  refused("/history", {{"step", 1}}, "\"history\" is object; expected a list");
  refused("/history/2", 7, "history.2");
  refused("/history/2", {{"epoch", 1}, {"loss", 1}}, "\"history.2.step\" is missing");
  refused("/history/2/step", 6, "\"history.2.step\" is 6; expected 0 to 5");
  refused("/history/2/step", nullptr, "\"history.2.step\"");
  refused("/history/2/epoch", "one", "\"history.2.epoch\"");
  refused("/history/2/loss", nlohmann::json::array(), "\"history.2.loss\"");
  refused("/history/3/metrics", 1, "\"history.3.metrics\"");
  refused("/history/3/metrics/score", "x", "\"history.3.metrics.score\"");
  refused("/history/3/primary_metric", nullptr, "\"history.3.primary_metric\"");
  refused("/history/0/messages", "m", "\"history.0.messages\" is \"m\"; expected a list");
  refused("/history/0/messages", {1}, "\"history.0.messages\"");
  refused("/history/0/bad_lines", "1", "\"history.0.bad_lines\"");
  refused("/history/1/dataset", 1, "\"history.1.dataset\"");
  refused("/callbacks", 1, "\"callbacks\"");
  refused("/callbacks/0", 1, "\"callbacks.0\"");
  refused("/csv_sizes", 1, "\"csv_sizes\"");
  refused("/csv_sizes/a.csv", -1, "\"csv_sizes.a.csv\"");
}

// The shape that read past the end of the object, in a checkpoint that is resumed.
TEST(RunStateTest, AHistoryWithoutStepIsRefusedByResume) {
  TempDir folder;
  TrainingArguments arguments = golden_arguments();
  arguments.output_dir = folder.path();
  SentenceTransformer model = tiny_model();
  SentenceTransformerTrainer trainer(model, arguments, golden_dataset(),
                                     std::make_shared<CosineSimilarityLoss>());
  trainer.train();
  const fs::path file = folder.path() / "checkpoint-6" / "trainer_state.json";
  const nlohmann::json good = nlohmann::json::parse(read_file(file));
  for (const nlohmann::json& line :
       {nlohmann::json{{"loss", 1.0}}, nlohmann::json("text"), nlohmann::json{{"step", "1"}}}) {
    nlohmann::json bad = good;
    bad["history"] = {line};
    write_file(file, bad.dump());
    EXPECT_THROWS(LoadError, trainer.resume(folder.path()), "history.0");
  }
  for (const char* text : {"[]", "7", "{", "null", "{\"run\": 3}"}) {
    write_file(file, text);
    EXPECT_THROWS(LoadError, trainer.resume(folder.path()), "trainer_state.json");
  }
  nlohmann::json bad = good;
  bad["best_checkpoint"] = "../../other";
  write_file(file, bad.dump());
  EXPECT_THROWS(LoadError, trainer.resume(folder.path()), "best_checkpoint");
}

TEST(RunStateTest, CurvesAndTablesTakeWhatIsThere) {
  const nlohmann::json history = {{{"loss", 1.0}},
                                  {{"step", "x"}, {"loss", 1}},
                                  {{"step", 1}, {"loss", nullptr}, {"primary_metric", 4}},
                                  {{"step", 2}, {"loss", 0.5}, {"metrics", 3}},
                                  {{"step", 3}, {"metrics", {{"m", 1}}}, {"primary_metric", "m"}}};
  EXPECT_EQ(primary_metric(history), "m");
  const std::string svg = draw_curves(history);
  EXPECT_NE(svg.find("loss by step"), std::string::npos);
  EXPECT_NE(svg.find("m by step"), std::string::npos);
  const nlohmann::json odd = {
      {{"step", 1}, {"metrics", {{"a<b&\n", 1}}}, {"primary_metric", "a<b&\n"}}};
  EXPECT_NE(draw_curves(odd).find("a&lt;b&amp; by step"), std::string::npos);
  EXPECT_EQ(number_of(history[3], "loss"), 0.5);
  EXPECT_FALSE(number_of(history[2], "loss"));
  EXPECT_FALSE(number_of(history[0], "step"));
}

}  // namespace
}  // namespace sentence_transformers::test
