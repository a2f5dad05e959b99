// A name is enough: models from a Hub, by the public classes, in every format of weights.
#include <sentence_transformers/sentence_transformers.h>

#include "hub/hub_fixture.h"

namespace sentence_transformers {
namespace {

using namespace test;

class LoadByName : public HubTest {
 protected:
  void add_folder(const std::string& repository, const fs::path& folder,
                  const std::string& leave_out = "") {
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      const std::string path = entry.path().lexically_relative(folder);
      if (!entry.is_regular_file() || path == leave_out) continue;
      server.add(repository, path, read_file(entry.path()), path.ends_with(".safetensors"));
    }
  }
  static at::Tensor embed(const std::string& model, const LoadOptions& options = {}) {
    return SentenceTransformer(model, options).encode({"the dog", "a cat"});
  }
};

TEST_F(LoadByName, FromAnEmptyCacheAndAFullOne) {
  add_folder("sentence-transformers/tiny", golden("tiny_bert"));
  const at::Tensor wanted = embed(golden("tiny_bert").string());
  EXPECT_TRUE(at::equal(embed("tiny"), wanted));
  server.forget_requests();
  EXPECT_TRUE(at::equal(embed("sentence-transformers/tiny", {.local_files_only = true}), wanted));
  EXPECT_EQ(server.requests().size(), 0u);
}

TEST_F(LoadByName, OptionsReachTheHub) {
  add_folder("org/tiny", golden("tiny_bert"));
  const std::string folder = (dir.path() / "given").string();
  const SentenceTransformer model("org/tiny",
                                  {.cache_folder = folder, .revision = "v1", .token = "secret"});
  EXPECT_EQ(model.path(), fs::path(folder) / "models--org--tiny/snapshots" / commit);
  EXPECT_EQ(server.requests()[0].path, "/api/models/org/tiny/revision/v1");
  EXPECT_EQ(server.requests()[0].header("authorization"), "Bearer secret");
  EXPECT_EQ(download_model("org/tiny",
                           {.cache_folder = folder, .revision = "v1", .local_files_only = true}),
            model.path());
}

TEST_F(LoadByName, CrossEncodersToo) {
  add_folder("cross-encoder/tiny", golden("tiny_cross"));
  const CrossEncoder wanted(golden("tiny_cross").string());
  const CrossEncoder model("tiny", {.token = "secret"});
  EXPECT_TRUE(
      at::equal(model.predict({{"the dog", "a cat"}}), wanted.predict({{"the dog", "a cat"}})));
  EXPECT_EQ(server.requests()[0].header("authorization"), "Bearer secret");
}

TEST_F(LoadByName, WeightsAsPytorchModelBin) {
  const at::Tensor wanted = embed(golden("tiny_bert").string());
  add_folder("org/bin", golden("tiny_bert"), "model.safetensors");
  server.add("org/bin", "pytorch_model.bin", read_file(golden("torch_files/bert.bin")), true);
  EXPECT_TRUE(at::equal(embed("org/bin"), wanted));
  add_folder("org/parts", golden("tiny_bert"), "model.safetensors");
  add_folder("org/parts", golden("torch_files/bert_parts"));
  EXPECT_TRUE(at::equal(embed("org/parts"), wanted));
}

TEST_F(LoadByName, ShowsDownloadsIfAsked) {
  add_folder("org/tiny", golden("tiny_bert"));
  testing::internal::CaptureStderr();
  embed("org/tiny", {.show_progress_bar = true});
  const std::string shown = testing::internal::GetCapturedStderr();
  EXPECT_NE(shown.find("model.safetensors: 100% 108.0/108.0 kB ["), std::string::npos) << shown;
}

TEST_F(LoadByName, AllMiniLm) {
  MODEL_OR_SKIP();
  add_folder("sentence-transformers/all-MiniLM-L6-v2", model_folder());
  const at::Tensor wanted = embed(model_folder());
  EXPECT_TRUE(at::equal(embed("all-MiniLM-L6-v2"), wanted));
  EXPECT_TRUE(at::equal(embed("all-MiniLM-L6-v2", {.local_files_only = true}), wanted));
}

// Where the library was built without libcurl a name still means what the cache has of it.
TEST(WithoutLibcurl, TheErrorSaysSo) {
  if (has_http()) GTEST_SKIP() << "built with libcurl";
  const HubEnvironment environment;
  EXPECT_THROWS(LoadError, download_model("org/m"), "[download_model] no model \"org/m\"",
                "built without libcurl");
  EXPECT_THROWS(UnsupportedError, HttpClient().get({.url = "http://127.0.0.1:1"}),
                "http://127.0.0.1:1", "built without libcurl");
}

}  // namespace
}  // namespace sentence_transformers
