// Two processes that train together: this test binary starts itself twice.
#include "training/distributed.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sentence_transformers/error.h>
#include <sys/socket.h>
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

#ifdef SENTENCE_TRANSFORMERS_GLOO

constexpr const char* kWorkerFolder = "SENTENCE_TRANSFORMERS_TEST_WORKER";
constexpr const char* kWorkerTask = "SENTENCE_TRANSFORMERS_TEST_TASK";

std::shared_ptr<Loss> make_loss(const std::string& task) {
  if (task == "ranking") {
    return std::make_shared<MultipleNegativesRankingLoss>(
        MultipleNegativesRankingOptions{.gather_across_devices = true});
  }
  return std::make_shared<CosineSimilarityLoss>();
}

int rank_of_environment() {
  const char* rank = std::getenv("RANK");
  return rank ? std::atoi(rank) : 0;
}

TrainingArguments worker_arguments(const std::string& task, int64_t batch_size) {
  TrainingArguments arguments = golden_arguments();
  arguments.per_device_train_batch_size = batch_size;
  arguments.ddp_timeout = 30;
  if (task == "death") arguments.max_steps = 1000;
  if (task == "argument" && rank_of_environment() == 1) arguments.learning_rate *= 2;
  if (task == "small") {
    arguments.max_steps = -1;
    arguments.num_train_epochs = 2;
    arguments.logging_steps = 1;
  }
  return arguments;
}

/// The same in both processes, but for the tasks that try what happens otherwise.
std::shared_ptr<const Dataset> worker_dataset(const std::string& task) {
  std::vector<Example> examples = golden_pairs();
  const bool other = rank_of_environment() == 1;
  if (task == "size" && other) examples.pop_back();
  if (task == "text" && other) examples[3].texts[1] += "!";
  if (task == "label" && other) examples[5].labels[0] += 0.125f;
  if (task == "small") examples.push_back(examples[0]);  // 7 = 6 + 1
  return std::make_shared<ListDataset>(std::move(examples));
}

const std::map<std::string, std::string> kDisagreements = {
    {"size", "process 1 has 5 examples in dataset 0, process 0 has 6"},
    {"text", "process 1 has other examples in dataset 0 than process 0"},
    {"label", "process 1 has other examples in dataset 0 than process 0"},
    {"argument", "process 1 has other arguments than process 0"}};

// What each started process runs; it does nothing in an ordinary run of the tests.
TEST(DistributedWorker, Trains) {
  const char* folder = std::getenv(kWorkerFolder);
  if (!folder) GTEST_SKIP() << "is started by the tests of Distributed";
  const std::string task = std::getenv(kWorkerTask);
  SentenceTransformer model = tiny_model();
  TrainingArguments arguments = worker_arguments(task, 3);
  arguments.output_dir = folder;
  SentenceTransformerTrainer trainer(model, arguments, worker_dataset(task), make_loss(task));
  if (kDisagreements.count(task)) {
    EXPECT_THROWS(Error, trainer.train(), "[Trainer] " + kDisagreements.at(task),
                  "the same data and arguments");
  } else if (task == "death") {
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

TEST(DistributedData, ProcessesThatDifferEndAtTheStart) {
  for (const auto& [task, text] : kDisagreements) {
    SCOPED_TRACE(task);
    TempDir folder;
    const auto [first, second] = run_two(folder.path(), task);
    EXPECT_EQ(first, 0) << log_of(folder.path());
    EXPECT_EQ(second, 0);
    EXPECT_FALSE(fs::exists(folder.path() / "log.jsonl"));  // no step was made
  }
}

// Seven examples in batches of six: the one that is left has none for the second process.
TEST(DistributedData, ABatchSmallerThanTheProcessesIsNoStep) {
  TempDir folder;
  const auto [first, second] = run_two(folder.path(), "small");
  ASSERT_EQ(first, 0) << log_of(folder.path());
  EXPECT_EQ(second, 0);
  const auto log = read_lines(folder.path() / "log.jsonl");
  ASSERT_EQ(log.size(), 2u);  // a step in each of two epochs
  for (const auto& line : log) EXPECT_GT(line["loss"].get<double>(), 1e-3);
}

TEST(DistributedInterface, GlooTakesTheOneThatTheEnvironmentNames) {
  setenv("GLOO_SOCKET_IFNAME", "lo", 1);
  TempDir folder;
  const auto [first, second] = run_two(folder.path(), "cosine");
  EXPECT_EQ(first, 0) << log_of(folder.path());
  EXPECT_EQ(second, 0);
  setenv("RANK", "0", 1);
  setenv("WORLD_SIZE", "2", 1);
  setenv("GLOO_SOCKET_IFNAME", "lo,nonesuch0", 1);
  EXPECT_THROWS(Error, start_distributed(1), "GLOO_SOCKET_IFNAME is \"lo,nonesuch0\"",
                "\"nonesuch0\" is no interface");
  for (const char* name : {"GLOO_SOCKET_IFNAME", "RANK", "WORLD_SIZE"}) unsetenv(name);
}

/// A port that says nothing. It drops connections, as a host that is not there does, or takes them.
class SilentPort {
 public:
  explicit SilentPort(bool takes_connections) {
    file_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(file_, reinterpret_cast<sockaddr*>(&address), size);
    ::listen(file_, takes_connections ? 8 : 0);
    ::getsockname(file_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    for (int i = 0; i < 3 && !takes_connections; ++i) {  // a full queue drops what comes
      waiting_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
      (void)::connect(waiting_.back(), reinterpret_cast<sockaddr*>(&address), size);
    }
  }
  ~SilentPort() {
    for (const int file : waiting_) ::close(file);
    ::close(file_);
  }
  SilentPort(const SilentPort&) = delete;
  SilentPort& operator=(const SilentPort&) = delete;
  uint16_t port() const { return port_; }

 private:
  int file_;
  uint16_t port_;
  std::vector<int> waiting_;
};

void expect_no_master(bool takes_connections, const char* reason) {
  const SilentPort port(takes_connections);
  setenv("MASTER_ADDR", "127.0.0.1", 1);
  setenv("MASTER_PORT", std::to_string(port.port()).c_str(), 1);
  setenv("RANK", "1", 1);
  setenv("WORLD_SIZE", "2", 1);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THROWS(Error, start_distributed(2), "process 1 of 2 could not join", "within 2 s", reason);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
  for (const char* name : {"MASTER_ADDR", "MASTER_PORT", "RANK", "WORLD_SIZE"}) unsetenv(name);
}

TEST(DistributedStart, AMissingMasterFailsInTime) { expect_no_master(false, "timed out"); }

TEST(DistributedStart, AMasterThatDoesNotAnswerFailsInTime) {
  expect_no_master(true, "the port is open, but there is no answer");
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
  try {
    start_distributed(1);
    ADD_FAILURE();
  } catch (const Error& e) {
    const std::string text = e.what();
    EXPECT_NE(text.find("process 1 of 2 could not join the others at 127.0.0.1:1 within 1 s: "),
              std::string::npos)
        << text;
    for (const char* frames : {"frame #", "Exception raised", "\n"}) {
      EXPECT_EQ(text.find(frames), std::string::npos) << text;
    }
  }
  unsetenv("WORLD_SIZE");
  unsetenv("RANK");
  start_distributed(1);
  EXPECT_EQ(world_size(), 1);
}

#else

TEST(DistributedStart, ABuildWithoutGlooSaysSo) {
  setenv("WORLD_SIZE", "2", 1);
  setenv("RANK", "0", 1);
  EXPECT_THROWS(UnsupportedError, start_distributed(1), "built without Gloo");
  unsetenv("WORLD_SIZE");
  unsetenv("RANK");
}

#endif

}  // namespace
}  // namespace sentence_transformers::test
