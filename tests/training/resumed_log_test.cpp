// What a resumed run leaves in its folder: the lines that an unbroken run would have left.
#include "training_support.h"

namespace sentence_transformers::test {
namespace {

using namespace training;

TrainingArguments arguments_in(const fs::path& folder) {
  TrainingArguments arguments = golden_arguments();
  arguments.output_dir = folder;
  arguments.per_device_train_batch_size = 2;
  arguments.max_steps = 8;
  arguments.logging_steps = 3;
  arguments.eval_strategy = Interval::steps;
  arguments.eval_steps = 2;
  arguments.save_steps = 2;
  return arguments;
}

SentenceTransformerTrainer trainer_of(SentenceTransformer& model,
                                      const TrainingArguments& arguments) {
  return {model, arguments, golden_dataset(), std::make_shared<CosineSimilarityLoss>(),
          std::make_shared<EmbeddingSimilarityEvaluator>(*golden_dataset(),
                                                         EvaluatorOptions{.name = "dev"})};
}

/// log.jsonl without what hangs on the clock.
std::vector<nlohmann::json> log_of(const fs::path& folder) {
  auto lines = read_lines(folder / "log.jsonl");
  for (auto& line : lines) line.erase("steps_per_second");
  return lines;
}

constexpr const char* kCsv = "similarity_evaluation_dev_results.csv";

TEST(ResumedLog, HasTheLinesOfAnUnbrokenRun) {
  TempDir whole, halves;
  SentenceTransformer first = tiny_model(), second = tiny_model();
  trainer_of(first, arguments_in(whole.path())).train();

  const TrainingArguments arguments = arguments_in(halves.path());
  auto stopped = trainer_of(second, arguments);
  stopped.add_callback(std::make_shared<AfterStep>([](const auto& s) { return s.step < 5; }));
  stopped.train();
  // It says what it learned until then, in a line of its own.
  EXPECT_EQ(log_of(halves.path()).back()["step"], 5);
  SentenceTransformer rest = tiny_model();
  trainer_of(rest, arguments).resume(halves.path());
  EXPECT_EQ(log_of(halves.path()), log_of(whole.path()));
  EXPECT_EQ(read_file(halves.path() / kCsv), read_file(whole.path() / kCsv));
}

// A run that was killed after its last checkpoint: rows that it wrote since then, one half written,
// and a file that it began.
TEST(ResumedLog, CsvFilesHaveNoRowTwiceAndNoHalf) {
  TempDir whole, killed;
  SentenceTransformer first = tiny_model(), second = tiny_model(), rest = tiny_model();
  trainer_of(first, arguments_in(whole.path())).train();
  const TrainingArguments arguments = arguments_in(killed.path());
  trainer_of(second, arguments).train();
  for (const char* name : {"checkpoint-6", "checkpoint-8"}) fs::remove_all(killed.path() / name);
  std::ofstream(killed.path() / kCsv, std::ios::app) << "9.0,10,0.5";
  write_file(killed.path() / "later.csv", "epoch,steps,a\r\n1.0,8,2\r\n");
  write_file(killed.path() / "mine.csv", "text,label\r\na,1\r\n");
  trainer_of(rest, arguments).resume(killed.path());
  EXPECT_EQ(read_file(killed.path() / kCsv), read_file(whole.path() / kCsv));
  EXPECT_FALSE(fs::exists(killed.path() / "later.csv"));
  EXPECT_EQ(read_file(killed.path() / "mine.csv"), "text,label\r\na,1\r\n");
}

// Another folder's files are not this run's.
TEST(ResumedLog, AnotherOutputFolderStaysAsItIs) {
  TempDir from, to;
  SentenceTransformer model = tiny_model();
  trainer_of(model, arguments_in(from.path())).train();
  write_file(to.path() / "old.csv", "epoch,steps,a\r\n1.0,8,2\r\n");
  trainer_of(model, arguments_in(to.path())).resume(from.path() / "checkpoint-4");
  EXPECT_TRUE(fs::exists(to.path() / "old.csv"));
}

}  // namespace
}  // namespace sentence_transformers::test
