#include "training/run_files.h"

#include <sentence_transformers/error.h>

#include <chrono>

#include "support.h"

namespace sentence_transformers::test {
namespace {

class RunFiles : public testing::Test {
 protected:
  /// A checkpoint that was written `minutes` ago.
  fs::path write(int64_t step, int64_t minutes) {
    const Checkpoint checkpoint{{{"step", step}}, {{"a", at::full({2}, step)}}};
    const fs::path written = write_checkpoint(folder(), step, checkpoint, [](const fs::path& to) {
      write_file(to / "model.txt", "model");
    });
    fs::last_write_time(written / "trainer_state.json",
                        fs::file_time_type::clock::now() - std::chrono::minutes(minutes));
    return written;
  }
  const fs::path& folder() const { return folder_.path(); }
  std::vector<int64_t> steps() const {
    std::vector<int64_t> result;
    for (const auto& [step, path] : list_checkpoints(folder())) result.push_back(step);
    return result;
  }

 private:
  TempDir folder_;
};

TEST_F(RunFiles, ACheckpointComesBack) {
  const fs::path written = write(7, 0);
  EXPECT_EQ(written, folder() / "checkpoint-7");
  EXPECT_TRUE(fs::exists(written / "model.txt"));
  const Checkpoint read = read_checkpoint(written);
  EXPECT_EQ(read.state["step"], 7);
  EXPECT_TRUE(at::equal(read.tensors.at("a"), at::full({2}, 7)));
  EXPECT_EQ(find_checkpoint(written), written);
  EXPECT_EQ(find_checkpoint(folder()), written);
}

TEST_F(RunFiles, TheNewestIsTheLastWritten) {
  write(1080, 60);  // of a run before
  write(500, 5);
  write(1000, 1);
  write_file(folder() / "checkpoint-x" / "trainer_state.json", "{}");
  write_file(folder() / "checkpoint-3" / "other", "");
  EXPECT_EQ(steps(), (std::vector<int64_t>{1080, 500, 1000}));
  EXPECT_EQ(find_checkpoint(folder()).filename(), "checkpoint-1000");
}

TEST_F(RunFiles, OldOnesGoButForTheSpared) {
  for (int64_t step = 1; step <= 5; ++step) write(step, 10 - step);
  remove_old_checkpoints(folder(), 0, {});
  EXPECT_EQ(steps().size(), 5u);
  remove_old_checkpoints(folder(), 2, {folder() / "." / "checkpoint-1", "", "/nowhere"});
  EXPECT_EQ(steps(), (std::vector<int64_t>{1, 4, 5}));
}

TEST_F(RunFiles, AFailedOneLeavesTheOldOfItsName) {
  const fs::path old = write(4, 1);
  EXPECT_THROWS(
      Error, write_checkpoint(folder(), 4, {}, [](const fs::path&) { throw Error("no"); }), "no");
  EXPECT_EQ(read_checkpoint(old).state["step"], 4);
  EXPECT_FALSE(fs::exists(folder() / ".unfinished-checkpoint-4"));
  write_file(folder() / ".unfinished-checkpoint-9" / "model.txt", "half");
  write_file(folder() / "kept" / "file", "");
  remove_unfinished(folder());
  EXPECT_FALSE(fs::exists(folder() / ".unfinished-checkpoint-9"));
  EXPECT_TRUE(fs::exists(folder() / "kept"));
}

TEST_F(RunFiles, ParametersOfAnotherModel) {
  const NamedTensors parameters = {{"a", at::zeros({2})}};
  copy_parameters({{"b", at::ones({3})}, {"a", at::ones({2})}}, parameters, folder());
  EXPECT_TRUE(at::equal(parameters[0].second, at::ones({2})));
  for (const NamedTensors& saved : {NamedTensors{}, NamedTensors{{"a", at::ones({3})}}}) {
    EXPECT_THROWS(LoadError, copy_parameters(saved, parameters, folder()), folder().string(),
                  "\"a\" does not fit the model's parameter");
  }
}

TEST_F(RunFiles, WhatIsNoCheckpoint) {
  EXPECT_THROWS(LoadError, find_checkpoint(folder()), "[Trainer::resume]", "expected a checkpoint");
  EXPECT_THROWS(LoadError, read_checkpoint(folder()), "trainer_state.json");
  write_file(folder() / "trainer_state.json", "{}");
  EXPECT_THROWS(LoadError, read_checkpoint(folder()), "trainer_state.safetensors");
}

}  // namespace
}  // namespace sentence_transformers::test
