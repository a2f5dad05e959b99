// From a name to a whole snapshot, and what is asked for on the way.
#include "hub/snapshot.h"

#include <sentence_transformers/error.h>

#include "hub/hub_fixture.h"
#include "hub/resolve.h"
#include "hub/tree.h"

namespace sentence_transformers {
namespace {

using namespace test;

class Snapshot : public HubTest {
 protected:
  std::string whole_tree_;
};

TEST_F(Snapshot, IsLaidOutAsHuggingFaceDoes) {
  EXPECT_EQ(load(), snapshot());
  expect_whole(snapshot());
  const std::string hash = sha256_of(files.at(kWeights));
  EXPECT_EQ(fs::read_symlink(snapshot() / kWeights), fs::path("../../blobs") / hash);
  EXPECT_EQ(fs::read_symlink(snapshot() / "1_Pooling/config.json"),
            fs::path("../../../blobs") / git_hash_of(files.at("1_Pooling/config.json")));
  EXPECT_EQ(read_file(repository() / "blobs" / hash), files.at(kWeights));
  EXPECT_EQ(read_file(repository() / "refs/main"), commit);
  EXPECT_EQ(read_file(repository() / ".no_exist" / commit / "adapter_config.json"), "");
  EXPECT_FALSE(fs::exists(repository() / ".no_exist" / commit / "config.json"));
  EXPECT_TRUE(read_tree(repository() / "trees" / (commit + ".json")).has_value());
  const fs::path hub = dir.path() / "hf/hub";
  EXPECT_TRUE(fs::exists(hub / ".locks/models--org--m" / (hash + ".lock")));
  EXPECT_TRUE(read_file(hub / "CACHEDIR.TAG").starts_with("Signature: 8a477f597d28d172789f068868"));
  for (const auto& entry : fs::directory_iterator(repository() / "blobs")) {
    EXPECT_NE(entry.path().extension(), ".incomplete");
  }
}

TEST_F(Snapshot, AsksOnceForTheCommitAndTheTreeAndEachFile) {
  load();
  EXPECT_EQ(server.requests().size(), 2 + files.size());
  server.forget_requests();
  EXPECT_EQ(load(), snapshot());
  EXPECT_EQ(server.requests().size(), 1u);
  EXPECT_EQ(server.count("GET /api/models/org/m"), 1u);
  server.forget_requests();
  EXPECT_EQ(load({.revision = commit}), snapshot());
  EXPECT_EQ(server.requests().size(), 0u);
}

TEST_F(Snapshot, TakesOnlyWhatIsNeeded) {
  for (const std::string path :
       {"pytorch_model.bin", "tf_model.h5", "flax_model.msgpack", "rust_model.ot",
        "onnx/model.onnx", "openvino/openvino_model.bin", "openvino/openvino_model.xml",
        "README.md", "train_script.py", ".gitattributes", "0_Other/pytorch_model.bin"}) {
    server.add("org/m", path, "not needed");
  }
  load();
  EXPECT_EQ(server.requests().size(), 2 + files.size());
}

TEST_F(Snapshot, ModulesMayHaveFilesOfTheirOwn) {
  server.add("org/n", "modules.json",
             R"([{"path": "0_Transformer", "type": "sentence_transformers.models.Transformer"},
                 {"path": "2_Dense/", "type": "sentence_transformers.models.Dense"},
                 {"path": "3_Router", "type": "x.Router"}, "odd", {"path": "../../etc"}])");
  for (const std::string path :
       {"0_Transformer/config.json", "0_Transformer/pytorch_model.bin", "0_Transformer/vocab.txt",
        "2_Dense/config.json", "2_Dense/model.safetensors", "3_Router/a/pytorch_model.bin"}) {
    server.add("org/n", path, path);
  }
  for (const std::string path :
       {"2_Dense/pytorch_model.bin", "config.json", "vocab.txt", "3_Router/model.onnx"}) {
    server.add("org/n", path, "not needed");
  }
  const fs::path folder = load({}, "org/n");
  EXPECT_EQ(server.requests().size(), 2 + 7u);
  EXPECT_EQ(read_file(folder / "3_Router/a/pytorch_model.bin"), "3_Router/a/pytorch_model.bin");
}

TEST_F(Snapshot, ARouterInTheTopNamesItsModules) {
  server.add("org/r", "modules.json",
             R"([{"path": "", "type": "sentence_transformers.models.Router"}])");
  server.add(
      "org/r", "router_config.json",
      R"({"types": {"query_0_WordEmbeddings": "x", "document_0_Transformer": 3, "../x": "y"}})");
  for (const std::string path :
       {"query_0_WordEmbeddings/wordembedding_config.json",
        "query_0_WordEmbeddings/model.safetensors", "document_0_Transformer/config.json",
        "document_0_Transformer/pytorch_model.bin"}) {
    server.add("org/r", path, path);
  }
  for (const std::string path : {"other/model.safetensors", "README.md"}) {
    server.add("org/r", path, "not needed");
  }
  const fs::path folder = load({}, "org/r");
  EXPECT_EQ(server.requests().size(), 2 + 6u);
  EXPECT_TRUE(fs::exists(folder / "query_0_WordEmbeddings/model.safetensors"));
}

TEST_F(Snapshot, WordEmbeddingsHaveFilesInTheTop) {
  server.add("org/w", "modules.json",
             R"([{"path": "", "type": "sentence_transformers.models.WordEmbeddings"}])");
  for (const std::string path : {"wordembedding_config.json", "whitespacetokenizer_config.json",
                                 "phrasetokenizer_config.json", "pytorch_model.bin"}) {
    server.add("org/w", path, path);
  }
  load({}, "org/w");
  EXPECT_EQ(server.requests().size(), 2 + 5u);
}

TEST_F(Snapshot, WeightsInPartsComeWithTheirIndex) {
  for (const std::string kind : {".safetensors", ".bin"}) {
    const std::string start = kind == ".bin" ? "pytorch_model" : "model", name = "org/p" + start;
    server.add(name, "config.json", "{}");
    server.add(name, start + kind + ".index.json",
               R"({"weight_map": {"a": "part-1)" + kind + R"(", "b": "part-2)" + kind +
                   R"(", "c": "../x", "d": 3}})");
    for (const std::string part : {"part-1", "part-2", "part-3"}) {
      server.add(name, part + kind, part, true);
    }
    const fs::path folder = load({}, name);
    EXPECT_TRUE(fs::exists(folder / ("part-1" + kind)));
    EXPECT_TRUE(fs::exists(folder / ("part-2" + kind)));
    EXPECT_FALSE(fs::exists(folder / ("part-3" + kind)));
  }
}

TEST_F(Snapshot, RevisionsHaveRefsOfTheirOwn) {
  EXPECT_EQ(load({.revision = "refs/pr/4"}), snapshot());
  EXPECT_EQ(read_file(repository() / "refs/refs/pr/4"), commit);
  EXPECT_EQ(load({.revision = "v1"}), snapshot());
  EXPECT_EQ(read_file(repository() / "refs/v1"), commit);
  EXPECT_THROWS(LoadError, load({.revision = "v9"}), "[Test]", "\"org/m\" has no revision \"v9\"",
                "HTTP 404");
  EXPECT_THROWS(std::invalid_argument, resolve_model("org/m", HubOptions{.revision = "../v1"}),
                "[SentenceTransformer] revision \"../v1\"");
}

TEST_F(Snapshot, ANewCommitBringsOnlyWhatChanged) {
  load();
  server.set_commit("org/m", std::string(40, 'b'));
  server.add("org/m", "config.json", "{\"new\": true}");
  server.forget_requests();
  const fs::path folder = load();
  EXPECT_EQ(folder.filename(), std::string(40, 'b'));
  EXPECT_EQ(server.requests().size(), 3u);
  EXPECT_EQ(read_file(folder / "config.json"), "{\"new\": true}");
  EXPECT_EQ(read_file(folder / kWeights), files.at(kWeights));
  EXPECT_EQ(read_file(repository() / "refs/main"), std::string(40, 'b'));
}

TEST_F(Snapshot, WithoutLinksFilesLieInTheSnapshot) {
  setenv("HF_HUB_DISABLE_SYMLINKS", "1", 1);
  load();
  expect_whole(snapshot());
  EXPECT_FALSE(fs::is_symlink(snapshot() / kWeights));
  EXPECT_TRUE(fs::is_empty(repository() / "blobs"));
  server.forget_requests();
  load();
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST_F(Snapshot, WithoutLinksABlobThatIsThereIsCopied) {
  load();
  fs::remove_all(repository() / "snapshots");
  setenv("HF_HUB_DISABLE_SYMLINKS", "1", 1);
  server.forget_requests();
  load();
  EXPECT_EQ(server.requests().size(), 1u);
  expect_whole(snapshot());
  EXPECT_FALSE(fs::is_symlink(snapshot() / kWeights));
  EXPECT_TRUE(fs::exists(repository() / "blobs" / sha256_of(files.at(kWeights))));
}

// huggingface_hub's shared store: the blob is itself a link.
TEST_F(Snapshot, ABlobThatIsALinkIsReadAndNeverWrittenThrough) {
  load();
  const fs::path blob = repository() / "blobs" / sha256_of(files.at(kWeights));
  const fs::path shared = dir.path() / "hf/hub/blobs/ab/store";
  fs::create_directories(shared.parent_path());
  fs::rename(blob, shared);
  fs::create_symlink("../../blobs/ab/store", blob);
  server.forget_requests();
  EXPECT_EQ(load(), snapshot());
  EXPECT_EQ(server.requests().size(), 1u);
  fs::resize_file(shared, 10);
  load();
  expect_whole(snapshot());
  EXPECT_EQ(fs::file_size(shared), 10u);
}

TEST_F(Snapshot, ABrokenFileIsBroughtAnew) {
  load();
  fs::remove(repository() / "blobs" / sha256_of(files.at(kWeights)));
  fs::remove(snapshot() / "config.json");
  fs::resize_file(repository() / "blobs" / git_hash_of(files.at("tokenizer.json")), 7);
  server.forget_requests();
  load();
  expect_whole(snapshot());
  EXPECT_EQ(server.requests().size(), 3u);
}

// As huggingface_hub leaves it that never asked for the whole tree.
TEST_F(Snapshot, ACacheWithoutTreesIsAsGood) {
  load();
  fs::remove_all(repository() / "trees");
  fs::remove_all(repository() / ".no_exist");
  HubOptions offline{.local_files_only = true};
  EXPECT_EQ(resolve_model("org/m", offline), snapshot());
  server.forget_requests();
  EXPECT_EQ(load(), snapshot());
  EXPECT_EQ(server.requests().size(), 2u);
  write_file(repository() / "trees" / (commit + ".json"), "{\"format_version\": 1, \"files\": {");
  EXPECT_EQ(load(), snapshot());
}

TEST_F(Snapshot, AnotherCacheThatHasItIsUsed) {
  load();
  server.forget_requests();
  EXPECT_EQ(load({.cache_folder = (dir.path() / "given").string()}), snapshot());
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST_F(Snapshot, TheGivenFolderIsWhereItGoes) {
  const fs::path given = dir.path() / "given";
  EXPECT_EQ(load({.cache_folder = given.string()}), given / "models--org--m/snapshots" / commit);
  EXPECT_FALSE(fs::exists(repository()));
}

TEST_F(Snapshot, NoCacheNoDownload) {
  unsetenv("HF_HOME");
  EXPECT_THROWS(Error, load(), "[Test] there is no cache to download to");
}

TEST_F(Snapshot, ARepositoryWithoutAModelIsNone) {
  server.add("org/data", "train.csv", "1");
  EXPECT_THROWS(LoadError, load({}, "org/data"), "org/data",
                "expected modules.json or config.json");
}

TEST_F(Snapshot, FilesOfNoBytesNeedNoTransfer) {
  server.add("org/m", "vocab.txt", "");
  load();
  EXPECT_EQ(read_file(snapshot() / "vocab.txt"), "");
}

TEST_F(Snapshot, TheTreeComesInPages) {
  const auto paged = [this](const ServerRequest& request, ServerAnswer& answer) {
    if (request.path.find("/tree/") == std::string::npos) return;
    auto list = nlohmann::json::parse(answer.body);
    const bool first = request.path.find("cursor") == std::string::npos;
    nlohmann::json part = nlohmann::json::array();
    for (size_t i = first ? 0 : 3; i < (first ? 3 : list.size()); ++i) part.push_back(list[i]);
    answer.body = part.dump();
    if (first) {
      answer.headers["Link"] = "<" + server.url() + request.path + "&cursor=x>; rel=\"next\"";
    }
  };
  // The server itself knows only the address without a cursor.
  server.change_answers([this, paged](const ServerRequest& request, ServerAnswer& answer) {
    if (request.path.ends_with("&cursor=x")) answer = {.body = whole_tree_};
    if (request.path.ends_with("expand=false")) whole_tree_ = answer.body;
    paged(request, answer);
  });
  load();
  expect_whole(snapshot());
  EXPECT_EQ(server.count("/tree/"), 2u);
}

}  // namespace
}  // namespace sentence_transformers
