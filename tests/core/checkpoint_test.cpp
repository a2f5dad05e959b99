// A folder's weights: which files are taken, and that all formats hold the same.
#include "core/checkpoint.h"

#include <ATen/ATen.h>
#include <sentence_transformers/error.h>

#include "core/safetensors.h"
#include "support.h"

namespace sentence_transformers {
namespace {

using namespace test;

class CheckpointFilesTest : public testing::Test {
 protected:
  Weights open() { return open_weights(dir_.path(), "Test"); }
  void copy(const std::string& from, const std::string& to) {
    fs::copy_file(golden("torch_files/" + from), dir_.path() / to,
                  fs::copy_options::overwrite_existing);
  }
  void copy_parts() {
    for (const char* name : {"pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin",
                             "pytorch_model.bin.index.json"}) {
      copy(std::string("bert_parts/") + name, name);
    }
  }
  std::string path(const std::string& name) const { return (dir_.path() / name).string(); }

  TempDir dir_;
};

TEST_F(CheckpointFilesTest, TakesTheFormatsInPythonsOrder) {
  EXPECT_THROWS(LoadError, open(), "[Test] " + path("model.safetensors") + " is missing");
  copy_parts();
  EXPECT_EQ(open().file(), path("pytorch_model-00001-of-00002.bin"));
  copy("bert.bin", "pytorch_model.bin");
  EXPECT_EQ(open().file(), path("pytorch_model.bin"));
  write_safetensors(path("part.safetensors"), {{"x", at::ones({2})}});
  write_file(path("model.safetensors.index.json"), R"({"weight_map": {"x": "part.safetensors"}})");
  EXPECT_EQ(open().file(), path("part.safetensors"));
  write_safetensors(path("model.safetensors"), {{"x", at::ones({2})}});
  EXPECT_EQ(open().file(), path("model.safetensors"));
}

TEST_F(CheckpointFilesTest, AllFormatsHoldTheSame) {
  const SafeTensors wanted = SafeTensors::open(golden("tiny_bert/model.safetensors"));
  const auto expect_same = [&] {
    const Weights weights = open();
    for (const std::string& name : wanted.names()) {
      const at::Tensor tensor = wanted.get(name);
      EXPECT_TRUE(at::equal(weights.get(name, tensor.sizes()), tensor)) << name;
    }
    EXPECT_EQ(weights.unused(), std::vector<std::string>{"embeddings.position_ids"});
    weights.release();
  };
  copy("bert.bin", "pytorch_model.bin");
  expect_same();
  fs::remove(path("pytorch_model.bin"));
  copy_parts();
  expect_same();
}

TEST_F(CheckpointFilesTest, AnIndexNamesFilesBesideIt) {
  for (const std::string name : {"../x.bin", "/x.bin", "a/x.bin"}) {
    write_file(path("pytorch_model.bin.index.json"),
               nlohmann::json({{"weight_map", {{"x", name}}}}).dump());
    EXPECT_THROWS(LoadError, open(), "[Test] " + path("pytorch_model.bin.index.json"),
                  "expected a file beside it, found \"" + name + "\"");
  }
}

TEST_F(CheckpointFilesTest, AMissingPartIsNamed) {
  copy_parts();
  fs::remove(path("pytorch_model-00002-of-00002.bin"));
  EXPECT_THROWS(LoadError, open(), path("pytorch_model-00002-of-00002.bin"));
}

TEST_F(CheckpointFilesTest, FindsTensorsOfAnyKind) {
  write_safetensors(path("model.safetensors"), {{"table", at::ones({2, 3})},
                                                {"list", at::zeros({2}, at::kLong)},
                                                {"empty", at::ones({0, 3})}});
  const CheckpointFiles files = open_checkpoint(dir_.path(), "Test");
  EXPECT_EQ(find_tensor(files, "list").scalar_type(), at::kLong);
  EXPECT_FALSE(find_tensor(files, "other").defined());
  EXPECT_EQ(table_shape(files, "table", "Test"), (std::vector<int64_t>{2, 3}));
  EXPECT_THROWS(LoadError, table_shape(files, "other", "Test"),
                "[Test] " + path("model.safetensors") + ": tensor \"other\" is missing");
  EXPECT_THROWS(LoadError, table_shape(files, "list", "Test"), "expected a table, found shape [2]");
  EXPECT_THROWS(LoadError, table_shape(files, "empty", "Test"), "expected a table, found shape [0");
}

}  // namespace
}  // namespace sentence_transformers
