// Every call of the system that loading, saving and storing make fails once, the first, the second,
// and so on: either all is well, or an Error comes and what was there is whole.
#include "faults.h"

#include <dlfcn.h>
#include <sentence_transformers/sentence_transformers.h>

#include <cerrno>
#include <functional>
#include <map>

#include "core/files.h"
#include "support.h"
#include "training/run_files.h"

namespace sentence_transformers {
namespace {

using namespace test;

struct Fault {
  const char* name;
  FaultCall call;
  int error;
};

constexpr Fault kFaults[] = {
    {"short read", kFaultRead, kFaultShort},   {"interrupted read", kFaultRead, EINTR},
    {"failing read", kFaultRead, EIO},         {"short write", kFaultWrite, kFaultShort},
    {"interrupted write", kFaultWrite, EINTR}, {"full disk", kFaultWrite, ENOSPC},
    {"failing write", kFaultWrite, EIO},       {"too many open files", kFaultOpen, EMFILE},
    {"failing close", kFaultClose, EIO},       {"failing mmap", kFaultMap, ENOMEM},
    {"failing rename", kFaultRename, EIO},     {"failing fsync", kFaultSync, EIO},
    {"failing fstat", kFaultStat, EIO},        {"failing fchmod", kFaultMode, EPERM},
    {"no locks", kFaultLock, ENOLCK},          {"failing mkdir", kFaultFolder, ENOSPC},
};

using Files = std::map<std::string, std::string>;

/// Every file below a folder, hidden ones too.
Files files_in(const fs::path& folder) {
  Files files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) {
      files[fs::relative(entry.path(), folder).string()] = read_file(entry.path());
    }
  }
  return files;
}

class FaultsTest : public testing::Test {
 protected:
  void SetUp() override {
    arm_ = reinterpret_cast<decltype(&faults_arm)>(dlsym(RTLD_DEFAULT, "faults_arm"));
    disarm_ = reinterpret_cast<decltype(&faults_disarm)>(dlsym(RTLD_DEFAULT, "faults_disarm"));
    ASSERT_TRUE(arm_ && disarm_) << "expected the shim in LD_PRELOAD, as ctest sets it";
  }

  /// Runs `body` with the n-th call of each kind failing, for each n until none fails any more.
  /// `check(whole)` is called after each run, with whether it ended without an error.
  void every_fault(const std::function<void()>& before, const std::function<void()>& body,
                   const std::function<void(bool)>& check) {
    constexpr long kMost = 1000;
    for (const Fault& fault : kFaults) {
      long number = 1;
      for (bool fired = true; fired && number < kMost && !HasFailure(); ++number) {
        SCOPED_TRACE(std::string(fault.name) + " number " + std::to_string(number));
        before();
        bool whole = false;
        arm_(dir_.path().c_str(), fault.call, fault.error, number);
        try {
          body();
          whole = true;
          fired = disarm_();
        } catch (const Error&) {
          fired = disarm_();
          EXPECT_TRUE(fired) << "an error, though nothing failed";
        } catch (const std::exception& e) {
          fired = disarm_();
          ADD_FAILURE() << "no Error of the library: " << e.what();
        }
        EXPECT_TRUE(whole || (fault.error != EINTR && fault.error != kFaultShort));
        check(whole);
      }
      EXPECT_LT(number, kMost);
      fired_[fault.name] += number - 2;
    }
  }

  TempDir dir_;
  std::map<std::string, long> fired_;  // how many calls there were to fail

 private:
  decltype(&faults_arm) arm_ = nullptr;
  decltype(&faults_disarm) disarm_ = nullptr;
};

TEST_F(FaultsTest, WritingAFile) {
  const fs::path path = dir_.path() / "f";
  every_fault([&] { write_file(path, "old"); },
              [&] {
                write_atomically(path, [](FileWriter& out) {
                  for (int i = 0; i < 3; ++i) out.write("new ", 4);
                });
              },
              [&](bool whole) {
                EXPECT_EQ(files_in(dir_.path()), (Files{{"f", whole ? "new new new " : "old"}}));
              });
  for (const char* name : {"full disk", "failing rename", "failing fsync", "too many open files",
                           "failing close", "failing fstat", "failing fchmod", "no locks"}) {
    EXPECT_GE(fired_[name], 1) << name;
  }
  EXPECT_GE(fired_["full disk"], 3);
}

TEST_F(FaultsTest, ReadingAFile) {
  const fs::path path = dir_.path() / "f";
  std::string content;
  every_fault([&] { write_file(path, "content"); }, [&] { content = read_file(path); },
              [&](bool whole) { EXPECT_TRUE(!whole || content == "content") << content; });
  EXPECT_GE(fired_["failing read"], 1);
}

TEST_F(FaultsTest, Stores) {
  const std::vector<std::string> sentences = {"a", "b", "c"};
  const at::Tensor old = at::zeros({3, 4}, at::kFloat), fresh = old + 1;
  const fs::path path = dir_.path() / "store", array = dir_.path() / "store.npy";
  const auto save = [&](const at::Tensor& embeddings) {
    save_embeddings(path, sentences, embeddings);
    save_npy(array, embeddings);
  };
  every_fault([&] { save(old); }, [&] { save(fresh); },
              [&](bool whole) {
                const at::Tensor stored = load_embeddings(path).embeddings, plain = load_npy(array);
                EXPECT_TRUE(at::equal(stored, fresh) || (!whole && at::equal(stored, old)));
                EXPECT_TRUE(at::equal(plain, fresh) || (!whole && at::equal(plain, old)));
                EXPECT_EQ(files_in(dir_.path()).size(), 2u);
              });

  StoredEmbeddings stored;
  at::Tensor plain;
  every_fault([&] { save(old); },
              [&] {
                stored = load_embeddings(path);
                plain = load_npy(array);
              },
              [&](bool whole) {
                if (!whole) return;
                EXPECT_EQ(stored.sentences, sentences);
                EXPECT_TRUE(at::equal(stored.embeddings, old));
                EXPECT_TRUE(at::equal(plain, old));
              });
  EXPECT_GE(fired_["failing mmap"], 2);
}

TEST_F(FaultsTest, InvertedLists) {
  const fs::path path = dir_.path() / "list";
  const auto write = [&] {
    bool given = false;
    const NextDocuments once = [&]() -> std::optional<SparseDocuments> {
      if (std::exchange(given, true)) return std::nullopt;
      return SparseDocuments{{"a", "b"}, at::ones({2, 4}, at::kFloat)};
    };
    write_inverted_list(path, once, nullptr, 40);  // in three parts
  };
  write();
  const std::string fresh = read_file(path);
  every_fault([&] { write_file(path, "old"); }, write,
              [&](bool whole) {
                EXPECT_EQ(files_in(dir_.path()), (Files{{"list", whole ? fresh : "old"}}));
              });
  EXPECT_GE(fired_["failing mmap"], 2);
}

TEST_F(FaultsTest, LoadingAModel) {
  const fs::path folder = dir_.path() / "model";
  fs::copy(golden("tiny_bert"), folder, fs::copy_options::recursive);
  const std::vector<std::string> texts = {"the sun is good", "a dog"};
  const auto encode = [&] {
    return SentenceTransformer(folder.string(), {.device = "cpu"}).encode(texts);
  };
  const at::Tensor expected = encode();
  at::Tensor found;
  every_fault(
      [&] { found.reset(); }, [&] { found = encode(); },
      [&](bool whole) { EXPECT_TRUE(!whole || largest_difference(found, expected) <= 1e-6); });
  EXPECT_GE(fired_["failing read"], 5);
  EXPECT_GE(fired_["failing mmap"], 1);
}

TEST_F(FaultsTest, SavingAModel) {
  const SentenceTransformer model(golden("tiny_bert").string(), {.device = "cpu"});
  const fs::path folder = dir_.path() / "model";
  model.save_pretrained(folder.string());
  const Files fresh = files_in(folder);
  Files old = fresh;
  for (auto& [name, content] : old) content = "old";
  every_fault(
      [&] {
        fs::remove_all(folder);
        for (const auto& [name, content] : old) write_file(folder / name, content);
      },
      [&] { model.save_pretrained(folder.string()); },
      [&](bool whole) {
        const Files found = files_in(folder);
        EXPECT_EQ(found.size(), fresh.size());
        for (const auto& [name, content] : found) {
          EXPECT_TRUE(content == fresh.at(name) || (!whole && content == "old")) << name;
        }
      });
  EXPECT_GE(fired_["failing rename"], 8);
}

TEST_F(FaultsTest, SavingACheckpoint) {
  const fs::path parent = dir_.path() / "run";
  const auto write = [&](int value) {
    write_checkpoint(parent, 3, {{{"step", 3}}, {{"t", at::full({2}, value, at::kInt)}}},
                     [&](const fs::path& folder) {
                       write_atomically(folder / "model", [&](FileWriter& out) {
                         out.write(value ? "new" : "old", 3);
                       });
                     });
  };
  write(1);
  const Files fresh = files_in(parent);
  fs::remove_all(parent);
  write(0);
  const Files old = files_in(parent);
  every_fault(
      [&] {
        fs::remove_all(parent);
        write(0);
      },
      [&] { write(1); },
      [&](bool whole) {
        // What could not be moved or removed keeps a hidden name, and the next run sees to it.
        remove_unfinished(parent);
        EXPECT_EQ(files_in(parent), whole ? fresh : old);
      });
  EXPECT_GE(fired_["failing rename"], 5);
  EXPECT_GE(fired_["failing mkdir"], 1);
}

}  // namespace
}  // namespace sentence_transformers
