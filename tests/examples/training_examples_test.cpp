// Trains a tiny model with each training program: what it prints, what it saves, how it stops.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sentence_transformers/sentence_transformers.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <thread>
#include <vector>

#include "programs.h"

namespace {

namespace fs = std::filesystem;
namespace st = sentence_transformers;

const std::string kTiny = SOURCE_FOLDER "/tests/golden/tiny_bert";

struct ScoredPair {
  const char* first;
  const char* second;
  const char* score;  // 0 to 5
};

constexpr ScoredPair kPairs[] = {
    {"a dog runs over the grass", "a dog is running on the grass", "4.800"},
    {"two children eat cake", "a man repairs the roof", "0.000"},
    {"a woman plays the violin", "a woman plays the guitar", "2.400"},
    {"the train leaves at noon", "the train is leaving at noon", "5.000"},
    {"a cat sleeps on the chair", "a cat sits on the table", "2.000"},
    {"the river is cold", "they sell old books", "0.200"},
    {"a boy rides a horse", "a boy is riding his horse", "4.600"},
    {"snow fell in the night", "it snowed last night", "4.400"},
    {"the shop opens early", "the garden needs water", "0.400"},
    {"a man slices bread", "a man cuts bread", "4.000"},
    {"a bird sings in the tree", "a bird is in the house", "1.800"},
    {"she reads a long letter", "she writes a short letter", "1.600"},
};

double number(const std::string& text) { return std::atof(text.c_str()); }

std::string read(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  EXPECT_TRUE(stream.is_open()) << file;
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// The line that matches `pattern` as a whole, and its groups.
std::smatch find_match(const std::vector<std::string>& printed, const std::string& pattern) {
  std::smatch match;
  for (const std::string& line : printed) {
    if (std::regex_match(line, match, std::regex(pattern))) return match;
  }
  ADD_FAILURE() << "no line is like: " << pattern << "\n" << testing::PrintToString(printed);
  return match;
}

const std::string kSpeed = R"((\d+) steps in [\d.]+ s, [\d.]+ a second, mean loss ([\d.]+))";

class TrainingExamples : public testing::Test {
 protected:
  void SetUp() override {
    setenv("OMP_NUM_THREADS", "1", 1);  // for the programs: a run then repeats to the bit
    folder_ = fs::temp_directory_path() / ("training_examples-" + std::to_string(getpid()));
    fs::create_directories(folder_ / "data");
    for (const char* part : {"train", "dev", "test"}) {
      std::ofstream file(folder_ / "data" / (std::string("sts-") + part + ".csv"));
      for (const ScoredPair& pair : kPairs) {
        file << "main\tnews\t2012\t0\t" << pair.score << '\t' << pair.first << '\t' << pair.second
             << '\n';
      }
    }
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  /// The program with the tiny model; its lines, without the progress bar.
  std::vector<std::string> train(const std::string& program,
                                 std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--model", kTiny});
    const Result result = run(program, arguments, "2>" + quoted(path("errors")));
    EXPECT_EQ(result.status, 0) << result.output << read(path("errors"));
    return lines(result.output);
  }
  std::vector<std::string> train_stsb(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--data", path("data"), "--batch-size", "4"});
    return train("train_stsb", std::move(arguments));
  }

  fs::path folder_;
};

TEST_F(TrainingExamples, StsbSavesWhatItReports) {
  const auto printed = train_stsb({"--output", path("run"), "--epochs", "2"});
  EXPECT_EQ(printed.at(0), "12 training pairs, 0 lines skipped");
  const std::string scores = R"( +dev (-?[\d.]+)  test (-?[\d.]+)  \(Spearman of cosine\))";
  find_match(printed, "before" + scores);
  EXPECT_EQ(find_match(printed, kSpeed)[1], "6");
  const auto after = find_match(printed, "after" + scores);
  EXPECT_EQ(printed.back(), "saved in " + path("run/final"));

  const st::SentenceTransformer saved(path("run/final"));
  const st::EmbeddingSimilarityEvaluator dev(st::sts_benchmark(path("data/sts-dev.csv")));
  EXPECT_NEAR(dev(saved).at("spearman_cosine"), number(after[1]), 1e-4);
  EXPECT_NE(read(path("run/final/model.safetensors")), read(kTiny + "/model.safetensors"));
  for (const char* file : {"final/README.md", "log.jsonl", "curves.svg", "checkpoint-6"}) {
    EXPECT_TRUE(fs::exists(folder_ / "run" / file)) << file;
  }
}

TEST_F(TrainingExamples, StsbResumesToTheSameWeights) {
  train_stsb({"--output", path("whole"), "--max-steps", "6", "--save-steps", "2"});
  const auto printed = train_stsb({"--output", path("rest"), "--max-steps", "6", "--save-steps",
                                   "2", "--resume", path("whole/checkpoint-4")});
  EXPECT_EQ(find_match(printed, kSpeed)[1], "6");
  EXPECT_FALSE(fs::exists(path("rest/checkpoint-4")));  // it did not begin anew
  const std::string weights = read(path("whole/final/model.safetensors"));
  EXPECT_EQ(read(path("rest/final/model.safetensors")), weights);
  EXPECT_NE(read(path("whole/checkpoint-4/model.safetensors")), weights);

  expect_mistakes(
      "train_stsb",
      {{{"--model", kTiny, "--data", path("data"), "--resume", path("nowhere")}, "nowhere"},
       {{"--model", kTiny, "--data", path("data"), "--batch-size", "4", "--max-steps", "6",
         "--seed", "43", "--resume", path("whole/checkpoint-4")},
        "data or arguments differ"}});
}

/// Starts a program that writes what it prints to `log`; its process id.
pid_t start(const std::string& program, const std::vector<std::string>& arguments,
            const std::string& log) {
  const std::string file = EXAMPLES_FOLDER "/" + program;
  std::vector<char*> words = {const_cast<char*>(file.c_str())};
  for (const std::string& argument : arguments)
    words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  const int output = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  const pid_t child = fork();
  if (child != 0) {
    close(output);
    return child;
  }
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  execv(file.c_str(), words.data());
  _exit(127);
}

bool has_checkpoint(const fs::path& folder) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().filename().string().starts_with("checkpoint-")) return true;
  }
  return false;
}

struct Stopped {
  int64_t step;
  std::string checkpoint;
};

/// Sends SIGTERM to a run of many steps once it has written a checkpoint to `output`: then it is
/// under way, and nothing but a signal ends it.
Stopped stop(pid_t child, const fs::path& output, const std::string& log_file) {
  int status = 0;
  pid_t ended = 0;
  bool asked = false;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(120);
  while (ended == 0 && std::chrono::steady_clock::now() < deadline) {
    if (!asked && has_checkpoint(output)) asked = kill(child, SIGTERM) == 0;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    ended = waitpid(child, &status, WNOHANG);
  }
  if (ended == 0) {
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
  }
  const std::string log = read(log_file);
  EXPECT_TRUE(asked) << log;
  EXPECT_TRUE(WIFEXITED(status)) << log;
  EXPECT_EQ(WEXITSTATUS(status), 128 + SIGTERM) << log;
  std::smatch match;
  const std::regex line(R"(stopped by signal 15 after step (\d+); go on with --resume (.+))");
  if (!std::regex_search(log, match, line)) {
    ADD_FAILURE() << log;
    return {};
  }
  return {std::stoll(match[1]), match[2]};
}

TEST_F(TrainingExamples, StsbStopsBySigtermWithACheckpoint) {
  std::vector<std::string> arguments = {"--data",       path("data"), "--model",  kTiny,
                                        "--batch-size", "4",          "--epochs", "1000000",
                                        "--save-steps", "1",          "--output", path("run")};
  const Stopped first =
      stop(start("train_stsb", arguments, path("log")), folder_ / "run", path("log"));
  ASSERT_EQ(first.checkpoint, path("run/checkpoint-" + std::to_string(first.step)));
  EXPECT_EQ(st::SentenceTransformer(first.checkpoint).encode("a dog").size(0), 32);

  arguments.back() = path("more");
  arguments.insert(arguments.end(), {"--resume", first.checkpoint});
  const Stopped second =
      stop(start("train_stsb", arguments, path("log")), folder_ / "more", path("log"));
  EXPECT_GT(second.step, first.step);
}

TEST_F(TrainingExamples, CrossEncoderSavesWhatItReports) {
  const auto printed = train(
      "train_cross_encoder",
      {"--data", path("data"), "--output", path("run"), "--epochs", "1", "--batch-size", "4"});
  EXPECT_EQ(find_match(printed, kSpeed)[1], "3");
  const auto scores = find_match(printed, R"(dev (-?[\d.]+)  test (-?[\d.]+)  \(Spearman\))");
  EXPECT_EQ(printed.back(), "saved in " + path("run/final"));

  const st::CrossEncoder saved(path("run/final"));
  EXPECT_EQ(saved.num_labels(), 1);
  const st::CrossEncoderCorrelationEvaluator dev(st::sts_benchmark(path("data/sts-dev.csv")));
  EXPECT_NEAR(dev(saved).at("spearman"), number(scores[1]), 1e-4);
}

TEST_F(TrainingExamples, CrossEncoderLearnsFromATeacherFirst) {
  const auto printed = train("train_cross_encoder", {"--data", path("data"), "--teacher", kTiny,
                                                     "--epochs", "1", "--batch-size", "4"});
  EXPECT_GT(number(find_match(printed, R"((\d+) pairs from the teacher)")[1]), 0);
  EXPECT_GT(number(find_match(printed, R"(dev -?[\d.]+ after (\d+) steps)")[1]), 0);
  EXPECT_EQ(find_match(printed, kSpeed)[1], "3");
}

TEST_F(TrainingExamples, PairsWithAndWithoutGradientCache) {
  std::ofstream file(folder_ / "pairs.tsv");
  for (const ScoredPair& pair : kPairs) file << pair.first << '\t' << pair.second << '\n';
  file << "no tab\n";
  file.close();
  for (const char* mini_batch : {"0", "2"}) {
    SCOPED_TRACE(mini_batch);
    const std::string output = path(std::string("run-") + mini_batch);
    const auto printed = train(
        "train_pairs", {"--pairs", path("pairs.tsv"), "--output", output, "--held-out", "4",
                        "--batch-size", "3", "--mini-batch", mini_batch, "--max-bad-share", "0.1"});
    EXPECT_EQ(printed.at(0), "9 pairs to learn from, 3 to search for, 1 bad lines");
    EXPECT_EQ(printed.at(1), "  " + path("pairs.tsv") + ":13: has 1 columns; expected at least 2");
    EXPECT_EQ(find_match(printed, kSpeed)[1], "3");
    for (const char* when : {"before ", "after  "}) {
      const auto found =
          find_match(printed, when + std::string(R"( accuracy@1 ([\d.]+)  accuracy@10 ([\d.]+)  )"
                                                 R"(MRR@10 ([\d.]+)  NDCG@10 ([\d.]+))"));
      EXPECT_EQ(found[2], "1.0000");  // there are three to find
    }
    EXPECT_EQ(printed.back(), "saved in " + output + "/final");
    EXPECT_EQ(st::SentenceTransformer(output + "/final").encode("a dog").size(0), 32);
  }
}

TEST_F(TrainingExamples, NliFromItsSampleAndFromScores) {
  const auto sample =
      train("train_nli", {"--data", SOURCE_FOLDER "/examples/data/nli_sample.jsonl", "--epochs",
                          "0.2", "--concatenation", "|u-v|,u*v", "--output", path("sample")});
  EXPECT_EQ(sample.at(1), "270 pairs to train on, 30 held out");
  find_match(sample, R"(\|u-v\|,u\*v +([\d.]+) +([\d.]+) +([\d.]+) +[\d.]+ s)");
  EXPECT_EQ(sample.back(), "saved in " + path("sample"));
  EXPECT_EQ(st::SentenceTransformer(path("sample")).encode("a dog").size(0), 32);

  const auto scores =
      train("train_nli", {"--labels-from-sts", path("data/sts-train.csv"), "--sts",
                          path("data/sts-dev.csv"), "--ablation", "1", "--epochs", "1"});
  EXPECT_EQ(find_match(scores, "(.+) pairs to train on, (.+) held out")[1], "11");
  size_t rows = 0;  // of a model each: accuracy and Spearman before and after, loss
  for (const std::string& line : scores) {
    rows += std::regex_match(line, std::regex(R"(\S+( +-?[\d.]+){5} +[\d.]+ s)")) ? 1 : 0;
  }
  EXPECT_EQ(rows, 7u) << testing::PrintToString(scores);
}

TEST_F(TrainingExamples, SayWhatBringsMissingData) {
  for (const char* program : {"train_stsb", "train_cross_encoder"}) {
    expect_mistakes(
        program, {{{"--data", path("nowhere")}, "sts-train.csv is missing; scripts/get_stsb.sh"}});
  }
  expect_mistakes("train_pairs",
                  {{{"--pairs", path("nowhere")}, "is missing; scripts/debian_pairs.sh"}});
  expect_mistakes(
      "train_nli",
      {{{"--labels-from-sts", path("nowhere")}, "is missing; scripts/get_stsb.sh"},
       {{"--data", SOURCE_FOLDER "/examples/data/nli_sample.jsonl", "--sts", path("nowhere")},
        "is missing; scripts/get_stsb.sh"},
       {{"--data", path("nowhere")}, "is missing; give SNLI's"}});
}

TEST_F(TrainingExamples, ExplainMistakes) {
  const std::vector<std::string> shared = {"--model", "--epochs", "--batch-size",
                                           "--rate",  "--seed",   "--output"};
  for (const char* program : {"train_stsb", "train_cross_encoder", "train_pairs", "train_nli"}) {
    expect_mistakes(program, {{{"--wrong", "1"}, "unknown flag --wrong"},
                              {{"--epochs"}, "--epochs needs a value"}});
    expect_help(program, shared);
  }
  const std::string data = path("data");
  expect_mistakes("train_stsb", {{{"--data", path("nowhere")}, "nowhere/sts-train.csv"},
                                 {{"--data", data, "--model", path("nowhere")}, "nowhere"},
                                 {{"--data", data, "--model", kTiny, "--epochs", "two"},
                                  "--epochs needs a number, not \"two\""},
                                 {{"--data", data, "--model", kTiny, "--batch-size", "0"},
                                  "per_device_train_batch_size: expected at least 1"}});
  expect_mistakes("train_cross_encoder",
                  {{{"--data", path("nowhere")}, "nowhere/sts-train.csv"},
                   {{"--data", data, "--model", kTiny, "--teacher", path("nowhere")}, "nowhere"}});
  expect_mistakes("train_pairs", {{{"--pairs", path("nowhere")}, "nowhere"}});
  std::ofstream(folder_ / "bad.tsv") << "a\tb\nc\td\nno tab\n";
  expect_mistakes("train_pairs", {{{"--pairs", path("bad.tsv")}, "bad.tsv:3: has 1 columns"},
                                  {{"--pairs", path("bad.tsv"), "--max-bad-share", "0.1"},
                                   "bad.tsv:3: has 1 columns"}});
  expect_mistakes("train_nli",
                  {{{"--concatenation", "u,w"}, "--concatenation has \"w\""},
                   {{"--concatenation", "u"}, "--concatenation needs u and v"},
                   {{"--ablation", "1", "--output", path("run")}, "--output needs one model"}});
}

}  // namespace
