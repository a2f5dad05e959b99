// The Transformer module: where max_seq_length comes from, and folders that do not fit.
#include "modules/transformer.h"

#include <ATen/ATen.h>
#include <sentence_transformers/error.h>

#include "core/safetensors.h"
#include "support.h"

namespace sentence_transformers {
namespace {

using namespace test;
using nlohmann::json;

/// A copy of tiny_bert: 64 positions, model_max_length 64, 178 tokens.
class TransformerTest : public testing::Test {
 protected:
  TransformerTest() : folder(dir_.path() / "model") {
    fs::copy(golden("tiny_bert"), folder, fs::copy_options::recursive);
    fs::remove(folder / "sentence_bert_config.json");
  }
  void write(const std::string& name, const json& content) {
    write_file(folder / name, content.dump());
  }
  void set(const std::string& name, const std::string& key, const json& value) {
    json content = golden_json("tiny_bert/" + name);
    content[key] = value;
    write(name, content);
  }
  std::string path(const std::string& name) const { return (folder / name).string(); }
  int64_t loaded_length() const { return Transformer(folder).max_seq_length(); }

  TempDir dir_;
  const fs::path folder;
};

TEST_F(TransformerTest, RunsTheEncoder) {
  Transformer t(folder);
  t.eval();
  EXPECT_EQ(t.output_sizes({}).token_embeddings, 32);
  const Encoding e = t.tokenize("the dog");
  Features features{.batch = pack_tokens({e.ids}, {e.type_ids}, at::kCPU)};
  t.forward(features);
  EXPECT_EQ(features.token_embeddings.sizes(), (at::IntArrayRef{4, 32}));
  EXPECT_TRUE(t.named_parameters().contains("auto_model.embeddings.word_embeddings.weight"));
}

// --- max_seq_length -----------------------------------------------------------------------------

TEST_F(TransformerTest, LengthOfSentenceBertConfig) {
  for (const int64_t length : {2, 20, 64}) {
    write("sentence_bert_config.json", {{"max_seq_length", length}, {"do_lower_case", false}});
    EXPECT_EQ(loaded_length(), length);
  }
}

TEST_F(TransformerTest, LengthOfTheOldFiles) {
  for (const std::string name :
       {"roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet"}) {
    const std::string file = "sentence_" + name + "_config.json";
    write(file, {{"max_seq_length", 20}});
    EXPECT_EQ(loaded_length(), 20) << file;
    fs::remove(folder / file);
  }
}

TEST_F(TransformerTest, TheFirstFileThatIsNotEmptyCounts) {
  write("sentence_roberta_config.json", {{"max_seq_length", 20}});
  write("sentence_xlnet_config.json", {{"max_seq_length", 30}});
  EXPECT_EQ(loaded_length(), 20);
  write("sentence_bert_config.json", json::object());
  EXPECT_EQ(loaded_length(), 20);
  write("sentence_bert_config.json", {{"max_seq_length", 10}});
  EXPECT_EQ(loaded_length(), 10);
  write("sentence_bert_config.json", {{"max_seq_length", nullptr}});
  EXPECT_EQ(loaded_length(), 64);
}

TEST_F(TransformerTest, LengthOfTheTokenizerWithinTheModels) {
  EXPECT_EQ(loaded_length(), 64);
  for (const auto& [limit, length] : std::vector<std::pair<json, int64_t>>{
           {40, 40}, {40.0, 40}, {64, 64}, {512, 64}, {1e30, 64}, {nullptr, 64}}) {
    set("tokenizer_config.json", "model_max_length", limit);
    EXPECT_EQ(loaded_length(), length) << limit;
  }
  fs::remove(folder / "tokenizer_config.json");
  EXPECT_EQ(loaded_length(), 64);
}

TEST_F(TransformerTest, LengthBeyondThePositions) {
  for (const int64_t length :
       {int64_t{65}, int64_t{512}, INT64_MAX, int64_t{1}, int64_t{0}, int64_t{-1}}) {
    write("sentence_bert_config.json", {{"max_seq_length", length}});
    EXPECT_THROWS(
        LoadError, loaded_length(), "[Transformer] " + path("sentence_bert_config.json"),
        "\"max_seq_length\": expected 2 (the special tokens) to 64 (the model's positions)",
        "found " + std::to_string(length));
  }
  write("sentence_bert_config.json", {{"max_seq_length", 12.5}});
  EXPECT_THROWS(LoadError, loaded_length(), "\"max_seq_length\": expected an integer");
}

TEST_F(TransformerTest, LengthOfTheTokenizerLeavesRoomForTheSpecialTokens) {
  set("tokenizer_config.json", "model_max_length", 1);
  EXPECT_THROWS(LoadError, loaded_length(), "expected 2 (the special tokens)");
}

TEST_F(TransformerTest, SetsTheLength) {
  Transformer t(folder);
  for (const int64_t length : {2, 64}) {
    t.set_max_seq_length(length, "Test");
    EXPECT_EQ(t.max_seq_length(), length);
  }
  for (const int64_t length : {int64_t{65}, int64_t{1}, int64_t{0}, int64_t{-3}, INT64_MAX}) {
    EXPECT_THROWS(std::invalid_argument, t.set_max_seq_length(length, "Test"), "[Test]",
                  "expected 2", "to 64", "found " + std::to_string(length));
    EXPECT_EQ(t.max_seq_length(), 64);
  }
}

// --- The tokenizer's template -------------------------------------------------------------------

TEST_F(TransformerTest, RefusesATemplateThatHasATextTwice) {
  json tokenizer = golden_json("tiny_bert/tokenizer.json");
  auto& single = tokenizer["post_processor"]["single"];
  single.push_back({{"Sequence", {{"id", "A"}, {"type_id", 0}}}});
  write("tokenizer.json", tokenizer);
  set("tokenizer_config.json", "tokenizer_class", "PreTrainedTokenizerFast");
  EXPECT_THROWS(LoadError, Transformer{folder}, path("tokenizer.json"),
                "Sequence.id\" is \"A\"; expected A alone, each of them once");
}

TEST_F(TransformerTest, TheEncoderKnowsTheTokenizersTypes) {
  auto file = SafeTensors::open(folder / "model.safetensors");
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  for (const std::string& name : file.names()) {
    const at::Tensor tensor = file.get(name).clone();
    const bool types = name.ends_with("token_type_embeddings.weight");
    tensors.emplace_back(name, types ? tensor.narrow(0, 0, 1).clone() : tensor);
  }
  write_safetensors(folder / "model.safetensors", tensors);
  set("config.json", "type_vocab_size", 1);
  EXPECT_EQ(loaded_length(), 64);
  json tokenizer = golden_json("tiny_bert/tokenizer.json");
  for (auto& piece : tokenizer["post_processor"]["single"]) {
    for (auto& [kind, value] : piece.items()) value["type_id"] = 1;
  }
  write("tokenizer.json", tokenizer);
  set("tokenizer_config.json", "tokenizer_class", "PreTrainedTokenizerFast");
  EXPECT_THROWS(
      LoadError, Transformer{folder},
      "[Transformer] " + path("config.json") + ": \"type_vocab_size\" is 1; expected at least 2",
      "texts type 1");
}

TEST_F(TransformerTest, LowercasesIfAsked) {
  set("tokenizer_config.json", "do_lower_case", false);
  EXPECT_EQ(Transformer(folder).tokenizer()->tokenize("The")[1], "[UNK]");
  write("sentence_bert_config.json", {{"do_lower_case", true}});
  EXPECT_EQ(Transformer(folder).tokenizer()->tokenize("The")[1], "the");
  write("sentence_bert_config.json", {{"do_lower_case", "yes"}});
  EXPECT_THROWS(LoadError, Transformer{folder}, "\"do_lower_case\": expected true or false");
}

// --- The folder ---------------------------------------------------------------------------------

TEST_F(TransformerTest, NamesAMissingFile) {
  fs::remove(folder / "model.safetensors");
  EXPECT_THROWS(LoadError, Transformer{folder}, path("model.safetensors") + " is missing");
  write_file(folder / "pytorch_model.bin", "PK");
  EXPECT_THROWS(LoadError, Transformer{folder}, "[TorchFile] " + path("pytorch_model.bin"));
  fs::remove(folder / "config.json");
  EXPECT_THROWS(LoadError, Transformer{folder}, path("config.json"));
  EXPECT_THROWS(LoadError, Transformer{dir_.path() / "none"}, "none/config.json");
}

TEST_F(TransformerTest, NamesABrokenCheckpoint) {
  for (const std::string text : {"", "x", "version git-lfs/spec/v1\noid sha256:0"}) {
    write_file(folder / "model.safetensors", text);
    EXPECT_THROWS(LoadError, Transformer{folder}, path("model.safetensors"));
  }
}

TEST_F(TransformerTest, TheTokenizerFitsTheEmbeddings) {
  json tokenizer = golden_json("tiny_bert/tokenizer.json");
  tokenizer["model"]["vocab"]["extra"] = 178;
  write("tokenizer.json", tokenizer);
  EXPECT_THROWS(LoadError, Transformer{folder}, "[Transformer] " + folder.string(),
                "the tokenizer has 179 tokens, config.json's vocab_size is 178");
  tokenizer["model"]["vocab"].erase("extra");
  tokenizer["model"]["vocab"].erase("good");  // a smaller one is common: checkpoints round up
  write("tokenizer.json", tokenizer);
  EXPECT_EQ(Transformer(folder).tokenizer()->vocab_size(), 177);
}

// A post-processor of tokenizer.json as it stands can name any number.
TEST_F(TransformerTest, TheTemplateFitsTheEmbeddings) {
  set("tokenizer_config.json", "tokenizer_class", "PreTrainedTokenizerFast");
  json tokenizer = golden_json("tiny_bert/tokenizer.json");
  tokenizer["post_processor"]["special_tokens"]["[SEP]"]["ids"] = {178};
  write("tokenizer.json", tokenizer);
  EXPECT_THROWS(LoadError, Transformer{folder}, "178");
  tokenizer["post_processor"]["special_tokens"]["[SEP]"]["ids"] = {3};
  tokenizer["post_processor"]["single"][1]["Sequence"]["type_id"] = 2;
  write("tokenizer.json", tokenizer);
  EXPECT_THROWS(LoadError, Transformer{folder}, "type_id");
  tokenizer["post_processor"]["single"][1]["Sequence"]["type_id"] = -1;
  write("tokenizer.json", tokenizer);
  EXPECT_THROWS(LoadError, Transformer{folder}, "type_id");
}

class ShardedTest : public TransformerTest {
 protected:
  ShardedTest() {
    const SafeTensors whole = SafeTensors::open(folder / "model.safetensors");
    std::vector<std::pair<std::string, at::Tensor>> shards[2];
    json map;
    for (const std::string& name : whole.names()) {
      const size_t shard = map.size() % 2;
      shards[shard].emplace_back(name, whole.get(name));
      map[name] = kShards[shard];
    }
    for (size_t i = 0; i < 2; ++i) write_safetensors(folder / kShards[i], shards[i]);
    wanted_ = run();
    fs::remove(folder / "model.safetensors");
    index = {{"metadata", {{"total_size", 1}}}, {"weight_map", map}};
    write(kIndex, index);
  }
  at::Tensor run() const {
    Transformer t(folder);
    t.eval();
    const Encoding e = t.tokenizer()->encode("the dog");
    Features features{.batch = pack_tokens({e.ids}, {e.type_ids}, at::kCPU)};
    const at::NoGradGuard no_grad;
    t.forward(features);
    return features.token_embeddings;
  }

  static constexpr const char* kIndex = "model.safetensors.index.json";
  static constexpr const char* kShards[] = {"model-00001-of-00002.safetensors",
                                            "model-00002-of-00002.safetensors"};
  json index;
  at::Tensor wanted_;
};

TEST_F(ShardedTest, GivesTheSame) { EXPECT_TRUE(at::equal(run(), wanted_)); }

TEST_F(ShardedTest, NamesAMissingPart) {
  fs::remove(folder / kShards[1]);
  EXPECT_THROWS(LoadError, Transformer{folder}, path(kShards[1]));
}

TEST_F(ShardedTest, PartsLieBesideTheIndex) {
  const std::string name = "pooler.dense.bias";
  fs::copy(folder / kShards[0], dir_.path() / "outside.safetensors");
  for (const std::string& file :
       {std::string("../outside.safetensors"), std::string("x/y.safetensors"),
        (dir_.path() / "outside.safetensors").string()}) {
    index["weight_map"][name] = file;
    write(kIndex, index);
    EXPECT_THROWS(LoadError, Transformer{folder}, "[Transformer] " + path(kIndex),
                  "\"weight_map." + name + "\": expected a file beside it, found \"" + file + "\"");
  }
  for (const std::string file : {"..", ".", ""}) {
    index["weight_map"][name] = file;
    write(kIndex, index);
    EXPECT_THROWS(LoadError, Transformer{folder}, folder.string());
  }
}

TEST_F(ShardedTest, NamesABrokenIndex) {
  index["weight_map"]["pooler.dense.bias"] = 3;
  write(kIndex, index);
  EXPECT_THROWS(LoadError, Transformer{folder}, path(kIndex), "\"weight_map.pooler.dense.bias\"");
  write(kIndex, {{"weight_map", json::array()}});
  EXPECT_THROWS(LoadError, Transformer{folder}, "\"weight_map\": expected a JSON object");
  write(kIndex, json::object());
  EXPECT_THROWS(LoadError, Transformer{folder}, "\"weight_map\" is missing");
  write(kIndex, {{"weight_map", json::object()}});
  EXPECT_THROWS(LoadError, Transformer{folder}, "is missing");
  write_file(folder / kIndex, "{");
  EXPECT_THROWS(LoadError, Transformer{folder}, path(kIndex), "not valid JSON");
}

}  // namespace
}  // namespace sentence_transformers
