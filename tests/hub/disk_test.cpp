// Full disks, killed and competing processes, caches that cannot be written to.
#include <sentence_transformers/error.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>

#include "hub/hub_fixture.h"

namespace sentence_transformers {
namespace {

using namespace test;

class HubDisk : public FaultyHubTest {
 protected:
  void SetUp() override {
    FaultyHubTest::SetUp();
#ifdef __SANITIZE_THREAD__
    GTEST_SKIP() << "the thread sanitizer cannot follow a child that starts threads";
#endif
  }
};

TEST_F(HubDisk, AFullDiskIsNoticedBefore) {
  spoil_all("/tree/", [](ServerAnswer& answer) {
    auto list = nlohmann::json::parse(answer.body);
    for (auto& entry : list) {
      if (entry.contains("lfs")) entry["lfs"]["size"] = uint64_t{1} << 62;
    }
    answer.body = list.dump();
  });
  EXPECT_THROWS(Error, load(), "[Test]", repository().string(), "the disk is full", "are free");
  EXPECT_EQ(weights_requests(), 0u);
}

TEST_F(HubDisk, AFullDiskIsNoticedDuring) {
  Child child([this]() -> std::string {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{100000, 100000};
    setrlimit(RLIMIT_FSIZE, &limit);
    return load().string();
  });
  EXPECT_EQ(child.text(), "[download] " + incomplete().string() + ": File too large");
  expect_no_weights();
  EXPECT_EQ(fs::file_size(incomplete()), 100000u);
  server.forget_requests();
  expect_whole(load());
  EXPECT_EQ(ranges(), (std::vector<std::string>{"bytes=100000-"}));
}

TEST_F(HubDisk, AKilledDownloadGoesOn) {
  spoil(1, [](ServerAnswer& answer) { answer.stall_after = 150000; });
  Child child([this] { return load().string(); });
  const auto size = [this] {
    std::error_code error;
    const auto size = fs::file_size(incomplete(), error);
    return error ? 0 : size;
  };
  const auto small_ones_are_there = [this] {
    return std::all_of(files.begin(), files.end(), [this](const auto& file) {
      return file.first == kWeights || fs::exists(snapshot() / file.first);
    });
  };
  while (size() < 150000 || !small_ones_are_there()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  child.kill();
  EXPECT_EQ(child.text(), "");
  expect_no_weights();
  EXPECT_THROWS(LoadError, resolve({.local_files_only = true}), "[SentenceTransformer]",
                snapshot().string() + " is not complete: \"model.safetensors\" is missing");
  server.forget_requests();
  expect_whole(load());
  EXPECT_EQ(ranges(), (std::vector<std::string>{"bytes=150000-"}));
  EXPECT_EQ(server.count("tokenizer.json"), 0u);
  EXPECT_EQ(resolve({.local_files_only = true}), snapshot());
}

TEST_F(HubDisk, TwoProcessesTransferAFileOnce) {
  server.change_answers([](const ServerRequest& request, ServerAnswer&) {
    if (is_weights(request)) std::this_thread::sleep_for(std::chrono::milliseconds(300));
  });
  Child first([this] { return load().string(); }), second([this] { return load().string(); });
  EXPECT_EQ(first.text(), snapshot().string());
  EXPECT_EQ(second.text(), snapshot().string());
  expect_whole(snapshot());
  EXPECT_EQ(weights_requests(), 1u);
}

TEST_F(HubDisk, WhoWaitsForALockGivesUpWithTheOthers) {
  load();
  fs::remove_all(repository() / "snapshots");
  const std::atomic<bool> no = false, yes = true;
  const fs::path lock = RepositoryCache(dir.path(), "org/m", true).lock("x");
  const FileLock held(lock, no);
  EXPECT_THROWS(Error, FileLock(lock, yes), "[download] " + lock.string(), "stopped");
}

/// As somebody who may not write anywhere.
std::string as_nobody(const std::function<std::string()>& work) {
  return Child([&]() -> std::string {
           if (geteuid() == 0 && setuid(65534) != 0) return "cannot become another user";
           return work();
         })
      .text();
}

TEST_F(HubDisk, ACacheThatCannotBeWrittenIsReadAllTheSame) {
  load();
  fs::permissions(dir.path(), fs::perms(0555));
  for (const auto& entry : fs::recursive_directory_iterator(dir.path())) {
    if (entry.is_directory()) fs::permissions(entry.path(), fs::perms(0555));
  }
  EXPECT_EQ(as_nobody([this] { return load().string(); }), snapshot().string());
  server.set_commit("org/m", std::string(40, 'b'));
  const std::string text = as_nobody([this] { return load().string(); });
  EXPECT_NE(text.find(repository().string()), std::string::npos) << text;
  EXPECT_NE(text.find("Permission denied"), std::string::npos) << text;
  for (const auto& entry : fs::recursive_directory_iterator(dir.path())) {
    if (entry.is_directory()) fs::permissions(entry.path(), fs::perms(0755));
  }
  fs::permissions(dir.path(), fs::perms(0755));
}

TEST_F(HubDisk, AFileInTheWayIsNamed) {
  write_file(dir.path() / "hf/hub/models--org--m", "");
  EXPECT_THROWS(Error, load(), repository().string(), "Not a directory");
}

}  // namespace
}  // namespace sentence_transformers
