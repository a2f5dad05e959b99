// Two processes that train together: this test binary starts itself twice.
#include "training/distributed.h"

#include <sentence_transformers/error.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "training_support.h"

extern char** environ;

namespace sentence_transformers::test {
namespace {

using namespace training;

constexpr const char* kWorkerFolder = "SENTENCE_TRANSFORMERS_TEST_WORKER";
constexpr const char* kWorkerTask = "SENTENCE_TRANSFORMERS_TEST_TASK";

std::shared_ptr<Loss> make_loss(const std::string& task) {
  if (task == "ranking") {
    return std::make_shared<MultipleNegativesRankingLoss>(
        MultipleNegativesRankingOptions{.gather_across_devices = true});
  }
  return std::make_shared<CosineSimilarityLoss>();
}

TrainingArguments worker_arguments(const std::string& task, int64_t batch_size) {
  TrainingArguments arguments = golden_arguments();
  arguments.per_device_train_batch_size = batch_size;
  arguments.ddp_timeout = 30;
  if (task == "death") arguments.max_steps = 1000;
  return arguments;
}

// What each started process runs; it does nothing in an ordinary run of the tests.
TEST(DistributedWorker, Trains) {
  const char* folder = std::getenv(kWorkerFolder);
  if (!folder) GTEST_SKIP() << "is started by the tests of Distributed";
  const std::string task = std::getenv(kWorkerTask);
  SentenceTransformer model = tiny_model();
  TrainingArguments arguments = worker_arguments(task, 3);
  arguments.output_dir = folder;
  SentenceTransformerTrainer trainer(model, arguments, golden_dataset(), make_loss(task));
  if (task == "death") {
    trainer.add_callback(std::make_shared<AfterStep>([](const TrainingState& s) {
      if (s.step == 2 && rank() == 1) std::raise(SIGKILL);
      return true;
    }));
    EXPECT_THROWS(Error, trainer.train(), "[Trainer] process 0 of 2 lost another one");
  } else if (task == "stop") {  // what one process alone decides
    trainer.add_callback(std::make_shared<AfterStep>(
        [](const TrainingState& s) { return rank() != 1 || s.step < 3; }));
    EXPECT_EQ(trainer.train().steps, 3);
  } else {
    trainer.train();
    EXPECT_EQ(world_size(), 2);
  }
}

/// Starts both processes and returns how they ended.
std::pair<int, int> run_two(const fs::path& folder, const std::string& task) {
  const std::string port = std::to_string(20000 + getpid() % 20000);
  pid_t children[2];
  for (int rank = 0; rank < 2; ++rank) {
    children[rank] = fork();
    if (children[rank] != 0) continue;
    setenv("RANK", std::to_string(rank).c_str(), 1);
    setenv("WORLD_SIZE", "2", 1);
    setenv("MASTER_ADDR", "127.0.0.1", 1);
    setenv("MASTER_PORT", port.c_str(), 1);
    setenv("OMP_NUM_THREADS", "1", 1);
    setenv(kWorkerFolder, folder.c_str(), 1);
    setenv(kWorkerTask, task.c_str(), 1);
    const std::string log = (folder / ("rank" + std::to_string(rank) + ".log")).string();
    if (!std::freopen(log.c_str(), "w", stdout)) _exit(126);
    execl("/proc/self/exe", "unit_tests", "--gtest_filter=DistributedWorker.Trains", nullptr);
    _exit(127);
  }
  int status[2] = {};
  for (int rank = 0; rank < 2; ++rank) waitpid(children[rank], &status[rank], 0);
  return {status[0], status[1]};
}

std::string log_of(const fs::path& folder) { return read_file(folder / "rank0.log"); }

class Distributed : public testing::TestWithParam<const char*> {};

TEST_P(Distributed, TwoProcessesEqualOneWithTheDoubledBatch) {
  TempDir folder;
  const auto [first, second] = run_two(folder.path(), GetParam());
  ASSERT_EQ(first, 0) << log_of(folder.path());
  ASSERT_EQ(second, 0);
  SentenceTransformer one = tiny_model();
  SentenceTransformerTrainer(one, worker_arguments(GetParam(), 6), golden_dataset(),
                             make_loss(GetParam()))
      .train();
  const SentenceTransformer two((folder.path() / "checkpoint-6").string());
  EXPECT_LE(parameter_difference(one, two, true), 1e-5);
  EXPECT_GT(parameter_difference(tiny_model(), two), 1e-3);
}

INSTANTIATE_TEST_SUITE_P(Training, Distributed, testing::Values("cosine", "ranking"),
                         [](const auto& info) { return std::string(info.param); });

TEST(DistributedDeath, AProcessThatDiesEndsTheOthers) {
  TempDir folder;
  const auto start = std::chrono::steady_clock::now();
  const auto [first, second] = run_two(folder.path(), "death");
  EXPECT_EQ(first, 0) << log_of(folder.path());
  EXPECT_TRUE(WIFSIGNALED(second));
  const auto seconds = std::chrono::steady_clock::now() - start;
  EXPECT_LT(seconds, std::chrono::seconds(60));
}

TEST(DistributedStop, OneProcessStopsAll) {
  TempDir folder;
  const auto [first, second] = run_two(folder.path(), "stop");
  EXPECT_EQ(first, 0) << log_of(folder.path());
  EXPECT_EQ(second, 0);
  EXPECT_TRUE(fs::exists(folder.path() / "checkpoint-3"));
}

TEST(DistributedStart, BadEnvironments) {
  setenv("WORLD_SIZE", "two", 1);
  setenv("RANK", "0", 1);
  EXPECT_THROWS(Error, start_distributed(1), "WORLD_SIZE is \"two\"; expected a number");
  setenv("WORLD_SIZE", "2", 1);
  setenv("RANK", "2", 1);
  EXPECT_THROWS(Error, start_distributed(1), "RANK is 2, WORLD_SIZE 2");
  setenv("RANK", "1", 1);
  setenv("MASTER_ADDR", "127.0.0.1", 1);
  setenv("MASTER_PORT", "1", 1);
  EXPECT_THROWS(Error, start_distributed(1), "process 1 of 2 could not join", "127.0.0.1:1");
  unsetenv("WORLD_SIZE");
  unsetenv("RANK");
  start_distributed(1);
  EXPECT_EQ(world_size(), 1);
}

}  // namespace
}  // namespace sentence_transformers::test
