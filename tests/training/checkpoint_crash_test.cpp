// A process that dies at any file operation while it replaces or removes checkpoints: one whole
// checkpoint of the name is always found again. This file's rename and unlinkat stand before the C
// library's, so that a child can end at the n-th call.
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <set>

#include "support.h"
#include "training/run_files.h"

namespace {

constexpr int kDied = 99;
int calls_until_death = -1;  // none

void count_call() {
  if (calls_until_death >= 0 && calls_until_death-- == 0) _exit(kDied);
}

}  // namespace

extern "C" int rename(const char* from, const char* to) noexcept {
  count_call();
  return static_cast<int>(syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}

extern "C" int unlinkat(int folder, const char* name, int flags) noexcept {
  count_call();
  return static_cast<int>(syscall(SYS_unlinkat, folder, name, flags));
}

namespace sentence_transformers::test {
namespace {

/// Each file's text tells of which writing it is.
void write(const fs::path& folder, int64_t step, int64_t version) {
  const Checkpoint checkpoint{{{"step", step}, {"version", version}},
                              {{"a", at::full({2}, version)}}};
  write_checkpoint(folder, step, checkpoint, [&](const fs::path& to) {
    for (const char* name : {"model.txt", "tokenizer.txt"}) {
      write_file(to / name, std::to_string(version));
    }
  });
}

/// Runs the work in a child that dies at its n-th call; whether it died.
bool dies(int calls, const std::function<void()>& work) {
  const pid_t child = fork();
  if (child == 0) {
    calls_until_death = calls;
    work();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status)) << status;
  EXPECT_TRUE(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == kDied) << status;
  return WEXITSTATUS(status) == kDied;
}

/// Its version, after checking that every file has it.
int64_t version_of(const fs::path& checkpoint) {
  const Checkpoint read = read_checkpoint(checkpoint);
  const auto version = read.state["version"].get<int64_t>();
  EXPECT_EQ(read.tensors.at("a")[1].item<int64_t>(), version);
  for (const char* name : {"model.txt", "tokenizer.txt"}) {
    std::ifstream file(checkpoint / name);
    int64_t found = -1;
    file >> found;
    EXPECT_EQ(found, version) << name;
  }
  return version;
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

TEST(CheckpointCrash, AReplacedOneIsFoundAgainFromEveryPoint) {
  std::set<int64_t> versions;
  int aside = 0;
  for (int calls = 0;; ++calls) {
    SCOPED_TRACE(calls);
    ASSERT_LT(calls, 100);
    TempDir dir;
    const fs::path checkpoint = dir.path() / "checkpoint-4";
    write(dir.path(), 4, 1);
    const bool died = dies(calls, [&] { write(dir.path(), 4, 2); });
    aside += fs::exists(checkpoint) ? 0 : 1;
    if (calls % 2 == 0) {  // asked by its own name, or by its folder's
      EXPECT_EQ(find_checkpoint(dir.path()), checkpoint);
    } else {
      EXPECT_EQ(find_checkpoint(checkpoint), checkpoint);
    }
    const int64_t version = version_of(checkpoint);
    versions.insert(version);
    EXPECT_TRUE(died || version == 2);
    // What a run that goes on does first.
    remove_unfinished(dir.path());
    EXPECT_EQ(names_in(dir.path()), std::vector<std::string>{"checkpoint-4"});
    EXPECT_EQ(version_of(checkpoint), version);
    write(dir.path(), 4, 3);
    EXPECT_EQ(version_of(checkpoint), 3);
    if (!died) break;
  }
  EXPECT_EQ(versions, (std::set<int64_t>{1, 2}));
  EXPECT_GE(aside, 1);  // between the two renames
}

// The same without a find_checkpoint before: the order in which a run does it.
TEST(CheckpointCrash, CleaningUpRecoversFirst) {
  for (int calls = 0;; ++calls) {
    SCOPED_TRACE(calls);
    ASSERT_LT(calls, 100);
    TempDir dir;
    write(dir.path(), 4, 1);
    const bool died = dies(calls, [&] { write(dir.path(), 4, 2); });
    if (calls % 2 == 0) remove_unfinished(dir.path());
    write(dir.path(), 8, 5);  // whose beginning must not lose the other one
    remove_unfinished(dir.path());
    EXPECT_EQ(names_in(dir.path()), (std::vector<std::string>{"checkpoint-4", "checkpoint-8"}));
    version_of(dir.path() / "checkpoint-4");
    if (!died) break;
  }
}

TEST(CheckpointCrash, ARemovedOneIsThereAsAWholeOrNotAtAll) {
  int removed = 0;
  for (int calls = 0;; ++calls) {
    SCOPED_TRACE(calls);
    ASSERT_LT(calls, 100);
    TempDir dir;
    for (const int64_t step : {1, 2, 3}) write(dir.path(), step, step);
    const bool died = dies(calls, [&] { remove_old_checkpoints(dir.path(), 1, {}); });
    for (const auto& [step, path] : list_checkpoints(dir.path())) {
      EXPECT_EQ(version_of(path), step);
    }
    removed += fs::exists(dir.path() / "checkpoint-1") ? 0 : 1;
    remove_unfinished(dir.path());
    for (const std::string& name : names_in(dir.path())) {
      EXPECT_EQ(name.substr(0, 11), "checkpoint-");
    }
    if (!died) break;
  }
  EXPECT_GE(removed, 5);
}

}  // namespace
}  // namespace sentence_transformers::test
