// Reading, mapping and atomic writing of files, and what each refuses.
#include "core/files.h"

#include <gtest/gtest.h>
#include <sentence_transformers/error.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <thread>
#include <vector>

#include "support.h"

namespace sentence_transformers {
namespace {

using test::in_child;
using test::TempDir;
using test::WithoutRights;
namespace fs = std::filesystem;

void write_text(const fs::path& path, const std::string& text) {
  write_atomically(path, [&](FileWriter& out) { out.write(text.data(), text.size()); });
}

size_t entries(const fs::path& folder) {
  return static_cast<size_t>(std::distance(fs::directory_iterator(folder), {}));
}

/// The error's text, or "" if there was none.
template <class E, class F>
std::string error_of(F&& f) {
  try {
    f();
  } catch (const E& e) {
    return e.what();
  }
  return "";
}

TEST(ReadFile, GivesEveryByte) {
  TempDir dir;
  const std::string text("a\0b\r\n\xff", 6);
  test::write_file(dir.path() / "f", text);
  EXPECT_EQ(read_file(dir.path() / "f"), text);
  test::write_file(dir.path() / "empty", "");
  EXPECT_EQ(read_file(dir.path() / "empty"), "");
  const std::string large(3'000'001, 'x');
  test::write_file(dir.path() / "large", large);
  EXPECT_EQ(read_file(dir.path() / "large"), large);
}

TEST(ReadFile, ReadsFilesWhoseSizeIsUnknown) {
  EXPECT_NE(read_file("/proc/self/status").find("Pid:"), std::string::npos);
}

TEST(ReadFile, RefusesWhatIsNoFile) {
  TempDir dir;
  const auto missing = error_of<LoadError>([&] { read_file(dir.path() / "none"); });
  EXPECT_NE(missing.find("none: No such file"), std::string::npos) << missing;
  const auto folder = error_of<LoadError>([&] { read_file(dir.path()); });
  EXPECT_NE(folder.find("found a folder"), std::string::npos) << folder;
  ASSERT_EQ(mkfifo((dir.path() / "pipe").c_str(), 0600), 0);
  const auto pipe = error_of<LoadError>([&] { read_file(dir.path() / "pipe"); });
  EXPECT_NE(pipe.find("pipe"), std::string::npos) << pipe;
}

TEST(MappedFile, IsPrivate) {
  TempDir dir;
  const fs::path path = dir.path() / "f";
  test::write_file(path, "hello");
  const auto file = MappedFile::open(path);
  ASSERT_EQ(file->size(), 5u);
  EXPECT_EQ(std::memcmp(file->data(), "hello", 5), 0);
  EXPECT_EQ(file->path(), path);
  file->data()[0] = std::byte{'J'};
  EXPECT_EQ(read_file(path), "hello");
  fs::remove(path);
  EXPECT_EQ(std::memcmp(file->data(), "Jello", 5), 0);
}

TEST(MappedFile, OpensAnEmptyFile) {
  TempDir dir;
  test::write_file(dir.path() / "f", "");
  const auto file = MappedFile::open(dir.path() / "f");
  EXPECT_EQ(file->size(), 0u);
  file->release(0, 0);
}

TEST(MappedFile, ReleasedPagesAreReadAgain) {
  TempDir dir;
  const std::string text(100'000, 'x');
  test::write_file(dir.path() / "f", text);
  const auto file = MappedFile::open(dir.path() / "f");
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  file->data()[page] = std::byte{'y'};      // inside
  file->data()[page - 1] = std::byte{'y'};  // on a page that begins before the range
  file->release(page - 1, text.size() - page + 1);
  EXPECT_EQ(file->data()[page], std::byte{'x'});
  EXPECT_EQ(file->data()[page - 1], std::byte{'y'});
  EXPECT_EQ(file->data()[text.size() - 1], std::byte{'x'});
}

TEST(MappedFile, RefusesWhatIsNoFile) {
  TempDir dir;
  EXPECT_THROW(MappedFile::open(dir.path() / "none"), LoadError);
  EXPECT_THROW(MappedFile::open(dir.path()), LoadError);
  EXPECT_THROW(MappedFile::open("/dev/null"), LoadError);
}

TEST(WriteAtomically, WritesAndReplaces) {
  TempDir dir;
  const fs::path path = dir.path() / "f";
  write_text(path, "first");
  EXPECT_EQ(read_file(path), "first");
  write_text(path, "");
  EXPECT_EQ(read_file(path), "");
  write_atomically(path, [](FileWriter& out) {
    for (int i = 0; i < 1000; ++i) out.write("abc", 3);
  });
  EXPECT_EQ(read_file(path).size(), 3000u);
  EXPECT_EQ(entries(dir.path()), 1u);
}

TEST(WriteAtomically, TheOldFileStaysUntilTheEnd) {
  TempDir dir;
  const fs::path path = dir.path() / "f";
  test::write_file(path, "old");
  write_atomically(path, [&](FileWriter& out) {
    out.write("new", 3);
    EXPECT_EQ(read_file(path), "old");
    EXPECT_EQ(entries(dir.path()), 2u);
  });
  EXPECT_EQ(read_file(path), "new");
}

TEST(WriteAtomically, AnErrorInTheCallbackLeavesTheOldFile) {
  TempDir dir;
  const fs::path path = dir.path() / "f";
  test::write_file(path, "old");
  EXPECT_THROW(write_atomically(path,
                                [](FileWriter& out) {
                                  out.write("new", 3);
                                  throw std::out_of_range("callback");
                                }),
               std::out_of_range);
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(entries(dir.path()), 1u);
}

TEST(WriteAtomically, UsesTheUmaskForNewFilesAndKeepsTheModeOfOldOnes) {
  TempDir dir;
  const mode_t old = umask(027);
  write_text(dir.path() / "new", "x");
  umask(old);
  struct stat status;
  ASSERT_EQ(stat((dir.path() / "new").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0640u);

  test::write_file(dir.path() / "old", "x");
  ASSERT_EQ(chmod((dir.path() / "old").c_str(), 0604), 0);
  write_text(dir.path() / "old", "y");
  ASSERT_EQ(stat((dir.path() / "old").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0604u);
}

TEST(WriteAtomically, WritesThroughSymbolicLinks) {
  TempDir dir;
  fs::create_directory(dir.path() / "real");
  test::write_file(dir.path() / "real" / "f", "old");
  fs::create_symlink("real/f", dir.path() / "link");
  fs::create_symlink("link", dir.path() / "second");
  write_text(dir.path() / "second", "new");
  EXPECT_EQ(read_file(dir.path() / "real" / "f"), "new");
  EXPECT_TRUE(fs::is_symlink(dir.path() / "link"));
  EXPECT_TRUE(fs::is_symlink(dir.path() / "second"));
  EXPECT_EQ(entries(dir.path() / "real"), 1u);

  fs::create_symlink(dir.path() / "real" / "later", dir.path() / "dangling");
  write_text(dir.path() / "dangling", "made");
  EXPECT_EQ(read_file(dir.path() / "real" / "later"), "made");

  fs::create_symlink("circle", dir.path() / "circle");
  EXPECT_THROW(write_text(dir.path() / "circle", "x"), Error);
}

TEST(WriteAtomically, RefusesBadTargets) {
  TempDir dir;
  const auto parent = error_of<Error>([&] { write_text(dir.path() / "none" / "f", "x"); });
  EXPECT_NE(parent.find("there is no folder " + (dir.path() / "none").string()), std::string::npos)
      << parent;
  test::write_file(dir.path() / "file", "x");
  EXPECT_THROW(write_text(dir.path() / "file" / "f", "x"), Error);
  const auto folder = error_of<Error>([&] { write_text(dir.path(), "x"); });
  EXPECT_NE(folder.find("is no regular file"), std::string::npos) << folder;
  const auto slash = error_of<Error>([&] { write_text(dir.path() / "", "x"); });
  EXPECT_NE(slash.find("names no file"), std::string::npos) << slash;
  EXPECT_THROW(write_text("", "x"), Error);
  ASSERT_EQ(mkfifo((dir.path() / "pipe").c_str(), 0600), 0);
  EXPECT_THROW(write_text(dir.path() / "pipe", "x"), Error);
  EXPECT_TRUE(fs::is_fifo(dir.path() / "pipe"));
  EXPECT_THROW(write_text(dir.path() / std::string(300, 'n'), "x"), Error);
  EXPECT_EQ(entries(dir.path()), 2u);
}

TEST(WriteAtomically, TakesTheLongestName) {
  TempDir dir;
  const fs::path path = dir.path() / std::string(255, 'n');
  write_text(path, "x");
  EXPECT_EQ(read_file(path), "x");
}

TEST(WriteAtomically, WritesIntoTheCurrentFolder) {
  TempDir dir;
  const fs::path before = fs::current_path();
  fs::current_path(dir.path());
  write_text("f", "x");
  fs::current_path(before);
  EXPECT_EQ(read_file(dir.path() / "f"), "x");
}

TEST(WriteAtomically, SeveralWritersLeaveOneWholeFile) {
  TempDir dir;
  const fs::path path = dir.path() / "f";
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int k = 0; k < 5; ++k) {
        write_text(path, std::string(10'000, static_cast<char>('a' + i)));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::string text = read_file(path);
  EXPECT_EQ(text, std::string(10'000, text.at(0)));
  EXPECT_EQ(entries(dir.path()), 1u);
}

TEST(WriteAtomically, AFullDiskLeavesTheOldFile) {
  TempDir dir;
  const fs::path path = dir.path() / "f";
  test::write_file(path, "old");
  const int status = in_child([&] {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{100'000, 100'000};
    setrlimit(RLIMIT_FSIZE, &limit);
    const auto text = error_of<Error>([&] { write_text(path, std::string(200'000, 'x')); });
    return text.find("f: cannot write: File too large") != std::string::npos ? 0 : 1;
  });
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(entries(dir.path()), 1u);
}

TEST(WriteAtomically, AKilledProcessLeavesTheOldFile) {
  TempDir dir;
  const fs::path path = dir.path() / "f";
  test::write_file(path, "old");
  const int status = in_child([&]() -> int {
    write_atomically(path, [](FileWriter& out) {
      out.write("half", 4);
      kill(getpid(), SIGKILL);
      pause();
    });
    return 0;
  });
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(entries(dir.path()), 2u);
  write_text(path, "new");  // removes what the killed process left
  EXPECT_EQ(read_file(path), "new");
  EXPECT_EQ(entries(dir.path()), 1u);
}

TEST(WriteAtomically, ALiveWriterIsNotTakenForAKilledOne) {
  TempDir dir;
  const fs::path path = dir.path() / "f";
  write_atomically(path, [&](FileWriter& outer) {
    outer.write("out", 3);
    for (int i = 0; i < 3; ++i) write_text(path, "inner");
    EXPECT_EQ(entries(dir.path()), 2u);  // the inner one's, and what the outer one writes
    outer.write("er", 2);
  });
  EXPECT_EQ(read_file(path), "outer");
  EXPECT_EQ(entries(dir.path()), 1u);
}

TEST(WriteAtomically, LeftoversGoThoughAWriterIsAtWork) {
  TempDir dir;
  const fs::path path = dir.path() / "f";
  write_atomically(path, [&](FileWriter& live) {
    live.write("live", 4);
    in_child([&]() -> int {
      write_atomically(path, [](FileWriter& out) {
        out.write("half", 4);
        kill(getpid(), SIGKILL);
        pause();
      });
      return 0;
    });
    EXPECT_EQ(entries(dir.path()), 2u);
    write_text(path, "next");
    EXPECT_EQ(entries(dir.path()), 2u);  // the target, and what the live one writes
  });
  EXPECT_EQ(read_file(path), "live");
  EXPECT_EQ(entries(dir.path()), 1u);
}

TEST(WriteAtomically, MoreWritersAtOnceThanNames) {
  TempDir dir;
  const fs::path path = dir.path() / "f";
  const std::function<void(int)> nest = [&](int depth) {
    write_atomically(path, [&](FileWriter& out) {
      if (depth < 12) nest(depth + 1);
      out.write(&depth, sizeof depth);
    });
  };
  nest(0);
  EXPECT_EQ(read_file(path), std::string(sizeof(int), '\0'));
  EXPECT_EQ(entries(dir.path()), 1u);
}

TEST(WriteAtomically, WhatIsNoLeftoverStaysWhereItsNameIs) {
  TempDir dir;
  fs::create_directory(dir.path() / ".f.0.tmp");
  ASSERT_EQ(mkfifo((dir.path() / ".f.1.tmp").c_str(), 0600), 0);
  test::write_file(dir.path() / "other", "other");
  fs::create_symlink("other", dir.path() / ".f.2.tmp");
  write_text(dir.path() / "f", "x");
  EXPECT_EQ(read_file(dir.path() / "f"), "x");
  EXPECT_EQ(read_file(dir.path() / "other"), "other");
  EXPECT_TRUE(fs::is_directory(dir.path() / ".f.0.tmp"));
  EXPECT_TRUE(fs::is_fifo(dir.path() / ".f.1.tmp"));
  EXPECT_TRUE(fs::is_symlink(dir.path() / ".f.2.tmp"));
}

TEST(WriteAtomically, AFolderWithoutPermissionIsAnError) {
  TempDir dir;
  fs::create_directory(dir.path() / "locked");
  const WithoutRights guard(dir.path() / "locked", dir.path());
  const auto text = error_of<Error>([&] { write_text(dir.path() / "locked" / "f", "x"); });
  EXPECT_NE(text.find("Permission denied"), std::string::npos) << text;
}

TEST(ReadFile, RefusesFilesBeyondTheLimit) {
  TempDir dir;
  const fs::path path = dir.path() / "f";
  test::write_file(path, std::string(100, 'x'));
  EXPECT_EQ(read_file(path, 100).size(), 100u);
  EXPECT_THROWS(LoadError, read_file(path, 99), path.string(), "is longer than 99 bytes");
  EXPECT_THROWS(LoadError, read_file("/proc/self/status", 99), "is longer than 99 bytes");
  fs::resize_file(path, 20'000'000'000);  // holes: nothing is on the disk
  EXPECT_THROWS(LoadError, read_file(path), "is longer than 1073741824 bytes");
}

TEST(FileExists, KnowsWhatIsThereAndWhatCannotBeKnown) {
  TempDir dir;
  test::write_file(dir.path() / "f", "");
  EXPECT_TRUE(file_exists(dir.path() / "f"));
  EXPECT_TRUE(file_exists(dir.path()));
  EXPECT_FALSE(file_exists(dir.path() / "none"));
  EXPECT_FALSE(file_exists(dir.path() / "f" / "below"));
  fs::create_symlink("none", dir.path() / "broken");
  EXPECT_FALSE(file_exists(dir.path() / "broken"));
  fs::create_symlink("loop", dir.path() / "loop");
  EXPECT_THROWS(LoadError, file_exists(dir.path() / "loop"), "loop: Too many levels");
  fs::create_directory(dir.path() / "locked");
  const WithoutRights guard(dir.path() / "locked", dir.path());
  EXPECT_THROWS(LoadError, file_exists(dir.path() / "locked" / "f"), "f: Permission denied");
}

TEST(FolderEntries, ListsOrTellsTheReason) {
  TempDir dir;
  fs::create_directory(dir.path() / "locked");
  std::error_code error;
  EXPECT_EQ(folder_entries(dir.path(), error), std::vector<fs::path>{dir.path() / "locked"});
  EXPECT_FALSE(error);
  EXPECT_TRUE(folder_entries(dir.path() / "none", error).empty());
  EXPECT_EQ(error, std::errc::no_such_file_or_directory);
  const WithoutRights guard(dir.path() / "locked", dir.path());
  EXPECT_TRUE(folder_entries(dir.path() / "locked", error).empty());
  EXPECT_EQ(error, std::errc::permission_denied);
}

TEST(MappedFile, NoticesThatItsFileWasWrittenTo) {
  TempDir dir;
  const fs::path path = dir.path() / "f";
  test::write_file(path, "hello");
  const auto file = MappedFile::open(path);
  file->data()[0] = std::byte{'J'};  // its own copy
  file->check_unchanged();
  fs::resize_file(path, 4);
  EXPECT_THROWS(LoadError, file->check_unchanged(), path.string(), "5 bytes when it was opened",
                "now 4");
  fs::resize_file(path, 5);
  fs::last_write_time(path, fs::file_time_type::clock::now() + std::chrono::seconds(1));
  EXPECT_THROWS(LoadError, file->check_unchanged(), "was written to while it was in use");

  const auto replaced = MappedFile::open(path);
  write_text(path, "another");
  replaced->check_unchanged();
  fs::remove(path);
  replaced->check_unchanged();
}

}  // namespace
}  // namespace sentence_transformers
