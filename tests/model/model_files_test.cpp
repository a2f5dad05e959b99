// A model folder's modules and settings, whole and broken.
#include "model/model_files.h"

#include <sentence_transformers/error.h>
#include <sentence_transformers/sentence_transformer.h>

#include <functional>

#include "core/files.h"
#include "modules/transformer.h"
#include "support.h"

namespace sentence_transformers {
namespace {

using namespace test;
using nlohmann::json;

json entry(const std::string& type, const std::string& path) {
  return {{"idx", 0}, {"name", "0"}, {"path", path}, {"type", type}};
}

/// A copy of tiny_bert, to be broken.
class ModelFilesTest : public testing::Test {
 protected:
  ModelFilesTest() : folder(dir_.path() / "model") {
    fs::copy(golden("tiny_bert"), folder, fs::copy_options::recursive);
  }
  void write(const std::string& name, const json& content) {
    write_file(folder / name, content.dump());
  }
  json read(const std::string& name) const { return golden_json("tiny_bert/" + name); }
  /// Writes one key over config_sentence_transformers.json.
  void set(const std::string& key, const json& value) {
    json settings = read(kSettings);
    settings[key] = value;
    write(kSettings, settings);
  }
  std::string path(const std::string& name) const { return (folder / name).string(); }

  static constexpr const char* kSettings = "config_sentence_transformers.json";
  const std::string transformer = "sentence_transformers.models.Transformer";
  const std::string pooling = "sentence_transformers.models.Pooling";
  const std::string normalize = "sentence_transformers.models.Normalize";
  TempDir dir_;
  const fs::path folder;
};

TEST_F(ModelFilesTest, ReadsModulesInOrder) {
  const SentenceTransformerParts parts = read_model(folder);
  ASSERT_EQ(parts.modules.size(), 3u);
  EXPECT_EQ(parts.inputs(),
            std::vector<InputModule*>{static_cast<InputModule*>(parts.modules[0].get())});
  EXPECT_EQ(parts.embedding_dimension, 32);
  EXPECT_EQ(parts.prompts, (std::map<std::string, std::string>{{"document", ""}, {"query", ""}}));
  EXPECT_EQ(parts.default_prompt_name, std::nullopt);
  EXPECT_EQ(parts.similarity, SimilarityFunction::cosine);
  EXPECT_EQ(parts.truncate_dim, std::nullopt);
}

TEST_F(ModelFilesTest, KnowsEverySpellingOfTheTypes) {
  const std::vector<std::vector<std::string>> spellings = {
      {"sentence_transformers.models.Transformer", "sentence_transformers.models.Pooling",
       "sentence_transformers.models.Normalize"},  // 2 to 5
      {"sentence_transformers.models.Transformer.Transformer",
       "sentence_transformers.models.Pooling.Pooling",
       "sentence_transformers.models.Normalize.Normalize"},
      {"sentence_transformers.models.transformer.Transformer",
       "sentence_transformers.models.pooling.Pooling",
       "sentence_transformers.models.normalize.Normalize"},
      {"sentence_transformers.base.modules.transformer.Transformer",
       "sentence_transformers.sentence_transformer.modules.pooling.Pooling",
       "sentence_transformers.base.modules.normalize.Normalize"},  // 6
      {"Transformer", "Pooling", "Normalize"},
  };
  for (const auto& types : spellings) {
    SCOPED_TRACE(types[0]);
    write("modules.json",
          {entry(types[0], ""), entry(types[1], "1_Pooling"), entry(types[2], "2_Normalize")});
    EXPECT_EQ(read_model(folder).modules.size(), 3u);
  }
}

TEST_F(ModelFilesTest, ReadsTheTransformerFromItsOwnFolder) {
  fs::create_directories(folder / "0_Transformer");
  for (const std::string name : {"config.json", "tokenizer.json", "tokenizer_config.json",
                                 "model.safetensors", "sentence_bert_config.json"}) {
    fs::rename(folder / name, folder / "0_Transformer" / name);
  }
  write("modules.json", {entry(transformer, "0_Transformer"), entry(pooling, "1_Pooling")});
  EXPECT_EQ(read_model(folder).modules.size(), 2u);
  write("modules.json", {entry(transformer, "./0_Transformer/"), entry(pooling, "1_Pooling")});
  EXPECT_EQ(read_model(folder).modules.size(), 2u);
}

TEST_F(ModelFilesTest, NormalizeNeedsNoFolder) {
  fs::remove_all(folder / "2_Normalize");
  EXPECT_EQ(read_model(folder).modules.size(), 3u);
}

TEST_F(ModelFilesTest, ModesWidenTheEmbedding) {
  write("1_Pooling/config.json", {{"embedding_dimension", 32}, {"pooling_mode", {"cls", "mean"}}});
  EXPECT_EQ(read_model(folder).embedding_dimension, 64);
}

TEST_F(ModelFilesTest, AddsMeanPoolingToABareFolder) {
  fs::remove(folder / "modules.json");
  for (const bool settings : {true, false}) {
    if (!settings) fs::remove(folder / kSettings);
    const SentenceTransformerParts parts = read_model(folder);
    EXPECT_EQ(parts.modules.size(), 2u);
    EXPECT_EQ(parts.embedding_dimension, 32);
    EXPECT_EQ(parts.prompts.size(), 2u);
  }
  EXPECT_EQ(read_model(golden("tiny_bert_prefixed")).embedding_dimension, 16);
}

TEST_F(ModelFilesTest, AnotherKindOfModelBecomesTransformerAndMeanPooling) {
  json settings = read(kSettings);
  settings.update({{"model_type", "CrossEncoder"},
                   {"similarity_fn_name", "dot"},
                   {"prompts", {{"query", "q: "}}},
                   {"truncate_dim", 8}});
  write(kSettings, settings);
  const SentenceTransformerParts parts = read_model(folder);
  EXPECT_EQ(parts.modules.size(), 2u);
  EXPECT_EQ(parts.similarity, SimilarityFunction::cosine);
  EXPECT_EQ(parts.prompts.at("query"), "");
  EXPECT_EQ(parts.truncate_dim, std::nullopt);
  settings["model_type"] = nullptr;  // before 5 it was not written
  write(kSettings, settings);
  EXPECT_EQ(read_model(folder).modules.size(), 3u);
  EXPECT_EQ(read_model(folder).similarity, SimilarityFunction::dot);
}

TEST_F(ModelFilesTest, ModulesStayInsideTheFolder) {
  fs::copy(folder / "1_Pooling", dir_.path() / "outside");
  for (const std::string& climbing :
       {std::string(".."), std::string("../outside"), std::string("1_Pooling/../../outside"),
        std::string("1_Pooling/.."), (dir_.path() / "outside").string(), std::string("/")}) {
    write("modules.json", {entry(transformer, ""), entry(pooling, climbing)});
    EXPECT_THROWS(LoadError, read_model(folder), path("modules.json") + ": \"[1].path\"",
                  "expected a folder inside the model's, found \"" + climbing + "\"");
  }
}

TEST_F(ModelFilesTest, NamesModulesThatAreNotHere) {
  write("modules.json", {entry(transformer, ""), entry("sentence_transformers.models.Other", "")});
  EXPECT_THROWS(
      UnsupportedError, read_model(folder), "sentence_transformers.models.Other",
      "known: Asym, BoW, CNN, Dense, Dropout, HierarchicalTokenPooling, LSTM, LayerNorm, ");
  write("modules.json", {entry(transformer, ""), entry("", "")});
  EXPECT_THROWS(UnsupportedError, read_model(folder), "\"[1].type\" is \"\"");
}

TEST_F(ModelFilesTest, AModuleThatTakesTextsComesFirstAndOnce) {
  const std::string known = "known as the first module: Asym, BoW, MLMTransformer, Router, ";
  const json t = entry(transformer, ""), p = entry(pooling, "1_Pooling");
  write("modules.json", {p, t});
  EXPECT_THROWS(UnsupportedError, read_model(folder), path("modules.json"), "\"[0].type\"", known);
  write("modules.json", {t, p, t});
  EXPECT_THROWS(UnsupportedError, read_model(folder), "\"[2].type\"",
                "expected it as the first module alone");
  write("modules.json", json::array({entry("sentence_transformers.models.CLIPModel", "")}));
  EXPECT_THROWS(UnsupportedError, read_model(folder), "CLIPModel", "known: Asym");
}

TEST_F(ModelFilesTest, PoolingMustBeThere) {
  write("modules.json", json::array({entry(transformer, "")}));
  EXPECT_THROWS(LoadError, read_model(folder), path("modules.json"),
                "expected a Pooling module, found none");
  write("modules.json",
        {entry(transformer, ""), entry(normalize, ""), entry(pooling, "1_Pooling")});
  EXPECT_THROWS(LoadError, read_model(folder), "[Normalize] ", "expected a Pooling module before");
  fs::remove_all(folder / "1_Pooling");
  write("modules.json", {entry(transformer, ""), entry(pooling, "1_Pooling")});
  EXPECT_THROWS(LoadError, read_model(folder), path("1_Pooling/config.json"));
}

TEST_F(ModelFilesTest, ModulesJsonOfTheWrongKind) {
  for (const std::string text : {"{}", "[]", "null", "3", "\"Transformer\""}) {
    write_file(folder / "modules.json", text);
    EXPECT_THROWS(LoadError, read_model(folder), path("modules.json"),
                  "expected a list of modules");
  }
  const std::vector<std::pair<json, std::string>> entries = {
      {json::array({1}), "\"[0]\": expected a JSON object"},
      {json::array({nullptr}), "\"[0]\": expected a JSON object"},
      {json::array({json::object()}), "\"[0].type\" is missing"},
      {json::array({{{"type", 3}}}), "\"[0].type\": expected a string"},
      {json::array({{{"type", transformer}, {"path", 3}}}), "\"[0].path\": expected a string"},
      {{entry(transformer, ""), json::array()}, "\"[1]\": expected a JSON object"},
      {{entry(transformer, ""), {{"path", "x"}}}, "\"[1].type\" is missing"},
  };
  for (const auto& [content, message] : entries) {
    write("modules.json", content);
    EXPECT_THROWS(LoadError, read_model(folder), path("modules.json"), message);
  }
}

/// Every JSON file of a model, broken in the same ways.
class BrokenFile : public ModelFilesTest, public testing::WithParamInterface<const char*> {};

TEST_P(BrokenFile, IsNamed) {
  const std::string name = GetParam(), whole = read_file(folder / name);
  constexpr int kDepth = 200'000;
  const std::string deep = std::string(kDepth, '[') + std::string(kDepth, ']');
  for (const std::string& text :
       {std::string(), whole.substr(0, whole.size() / 2), whole.substr(0, 1), "\xef\xbb" + whole,
        whole + "]", std::string(kDepth, '['), std::string("version git-lfs")}) {
    write_file(folder / name, text);
    EXPECT_THROWS(LoadError, read_model(folder), path(name), "not valid JSON");
  }
  for (const std::string& text : {deep, "[" + deep + "]", std::string("[3]"), std::string("7")}) {
    write_file(folder / name, text);
    EXPECT_THROWS(LoadError, read_model(folder), path(name));
  }
  fs::remove(folder / name);
  fs::create_directory(folder / name);
  EXPECT_THROWS(LoadError, read_model(folder), path(name));
}

INSTANTIATE_TEST_SUITE_P(ModelFiles, BrokenFile,
                         testing::Values("modules.json", "config_sentence_transformers.json",
                                         "config.json", "sentence_bert_config.json",
                                         "1_Pooling/config.json", "tokenizer.json",
                                         "tokenizer_config.json"),
                         [](const auto& info) {
                           std::string name = info.param;
                           for (char& c : name)
                             c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
                           return name;
                         });

TEST_F(ModelFilesTest, ReadsPrompts) {
  set("prompts", {{"query", "query: "}, {"passage", "passage: "}});
  EXPECT_EQ(read_model(folder).prompts,
            (std::map<std::string, std::string>{
                {"document", ""}, {"passage", "passage: "}, {"query", "query: "}}));
  set("prompts", {{"query", nullptr}});
  EXPECT_EQ(read_model(folder).prompts.at("query"), "");
  set("prompts", nullptr);
  EXPECT_EQ(read_model(folder).prompts.size(), 2u);
  set("prompts", {{"query", 3}});
  EXPECT_THROWS(LoadError, read_model(folder), path(kSettings),
                "\"prompts.query\": expected a str");
  set("prompts", json::array({"query: "}));
  EXPECT_THROWS(LoadError, read_model(folder), "\"prompts\": expected a JSON object");
}

TEST_F(ModelFilesTest, ReadsTheDefaultPrompt) {
  set("default_prompt_name", "query");
  EXPECT_EQ(read_model(folder).default_prompt_name, "query");
  set("default_prompt_name", "clustering");
  EXPECT_THROWS(LoadError, read_model(folder), path(kSettings), "\"default_prompt_name\" is",
                "\"clustering\", which \"prompts\" does not have");
}

TEST_F(ModelFilesTest, ReadsEverySimilarity) {
  for (const auto& [name, value] : {std::pair{"cosine", SimilarityFunction::cosine},
                                    {"dot", SimilarityFunction::dot},
                                    {"euclidean", SimilarityFunction::euclidean},
                                    {"manhattan", SimilarityFunction::manhattan}}) {
    set("similarity_fn_name", name);
    EXPECT_EQ(read_model(folder).similarity, value) << name;
  }
  set("similarity_fn_name", nullptr);
  EXPECT_EQ(read_model(folder).similarity, SimilarityFunction::cosine);
  set("similarity_fn_name", "hamming");
  EXPECT_THROWS(LoadError, read_model(folder), path(kSettings), "\"similarity_fn_name\"", "hamming",
                "cosine");
}

TEST_F(ModelFilesTest, ReadsTruncateDim) {
  set("truncate_dim", 16);
  EXPECT_EQ(read_model(folder).truncate_dim, 16);
  for (const int dim : {0, 33}) {
    set("truncate_dim", dim);
    EXPECT_THROWS(LoadError, read_model(folder), path(kSettings),
                  "\"truncate_dim\": expected 1 to 32", "found " + std::to_string(dim));
  }
  set("truncate_dim", nullptr);
  EXPECT_EQ(read_model(folder).truncate_dim, std::nullopt);
}

TEST_F(ModelFilesTest, SettingsOfTheWrongType) {
  for (const std::string key :
       {"model_type", "default_prompt_name", "similarity_fn_name", "truncate_dim"}) {
    for (const json& value : {json(1.5), json::array(), json::object(), json(true)}) {
      set(key, value);
      EXPECT_THROWS(LoadError, read_model(folder), path(kSettings), "\"" + key + "\": expected");
    }
  }
}

// What the system refuses to look at is an error of the library, whichever file it is.
TEST_F(ModelFilesTest, LoopsOfLinksAndLockedFolders) {
  for (const char* name : {"modules.json", kSettings, "config.json", "model.safetensors",
                           "sentence_bert_config.json", "1_Pooling/config.json"}) {
    SCOPED_TRACE(name);
    fs::rename(folder / name, folder / "kept");
    fs::create_symlink(folder / name, folder / name);
    EXPECT_THROWS(LoadError, read_model(folder), path(name), "Too many levels of symbolic links");
    fs::rename(folder / "kept", folder / name);
  }
  {
    const WithoutRights guard(folder / "1_Pooling", dir_.path());
    EXPECT_THROWS(LoadError, read_model(folder), path("1_Pooling/config.json"),
                  "Permission denied");
  }
  const WithoutRights guard(folder, dir_.path());
  EXPECT_THROWS(LoadError, read_model(folder), folder.string(), "Permission denied");
}

TEST_F(ModelFilesTest, SavingFromALockedFolderIsAnError) {
  const SentenceTransformerParts parts = read_model(folder);
  fs::create_directory(dir_.path() / "out");
  chmod((dir_.path() / "out").c_str(), 0777);
  const WithoutRights guard(folder, dir_.path());
  EXPECT_THROWS(Error, write_model(parts, dir_.path() / "out"), folder.string(),
                "Permission denied");
}

TEST_F(ModelFilesTest, ErrorsStayShortWhateverTheFolderHolds) {
  const std::string large(1'000'000, 'y');
  const auto length = [&] {
    try {
      read_model(folder);
    } catch (const Error& e) {
      return std::string(e.what()).size();
    }
    return size_t{0};
  };
  const std::vector<json> lists = {
      {entry(transformer, ""), entry(pooling, "../" + large)},
      {entry(transformer, ""), entry(pooling, "1_Pooling"), entry(large, "2_Normalize")},
      {entry(transformer, ""), entry(large, "1_Pooling")},
      {entry(large, "")}};
  for (const json& list : lists) {
    write("modules.json", list);
    EXPECT_GT(length(), 0u);
    EXPECT_LT(length(), 600u);
  }
  write("modules.json", read("modules.json"));
  for (const auto& [key, value] : {std::pair<std::string, json>{"default_prompt_name", large},
                                   {"prompts", {{large, 1}}},
                                   {"truncate_dim", large}}) {
    set(key, value);
    EXPECT_GT(length(), 0u);
    EXPECT_LT(length(), 600u);
  }
}

TEST_F(ModelFilesTest, WeightsThatAreWrittenToInPlaceAreNoticed) {
  const fs::path weights = folder / "model.safetensors";
  const auto later = fs::file_time_type::clock::now() + std::chrono::seconds(2);
  {
    Transformer loading(folder);
    fs::last_write_time(weights, later);  // as if it had been overwritten meanwhile
    EXPECT_THROWS(LoadError, loading.forget_checkpoint(), weights.string(), "was written to");
  }
  const SentenceTransformer model(folder.string(), {.device = "cpu"});
  const at::Tensor expected = model.encode("the sun");
  fs::copy_file(weights, dir_.path() / "copy");
  fs::rename(dir_.path() / "copy", weights);  // a new file of that name does no harm
  EXPECT_TRUE(at::equal(model.encode("the sun"), expected));

  const SentenceTransformer second(folder.string(), {.device = "cpu"});
  fs::resize_file(weights, 1000);
  EXPECT_THROWS(LoadError, second.encode("the sun"), weights.string(), "now 1000");
  EXPECT_TRUE(at::equal(model.encode("the sun"), expected));
}

}  // namespace
}  // namespace sentence_transformers
