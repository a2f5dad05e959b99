// CrossEncoder against Python, and what it promises beyond that.
#include <ATen/Parallel.h>
#include <sentence_transformers/sentence_transformers.h>

#include "core/device.h"
#include "core/safetensors.h"
#include "kernels/kernels.h"
#include "support.h"

namespace sentence_transformers {
namespace {

using namespace test;
using nlohmann::json;
using Strings = std::vector<std::string>;
using Pairs = std::vector<TextPair>;

const json& golden_cross() {
  static const json file = golden_json("cross.json");
  return file;
}

const Pairs& golden_pairs() {
  static const Pairs pairs = golden_cross()["pairs"];
  return pairs;
}

const CrossEncoder& tiny() {
  static const CrossEncoder model(golden("tiny_cross").string(), {.device = "cpu"});
  return model;
}
const CrossEncoder& tiny_labels() {
  static const CrossEncoder model(golden("tiny_cross_labels").string(), {.device = "cpu"});
  return model;
}

/// A copy of a golden folder, to be changed.
class CrossFolder {
 public:
  explicit CrossFolder(const std::string& name = "tiny_cross") : path(dir_.path() / "model") {
    fs::copy(golden(name), path, fs::copy_options::recursive);
  }
  json read(const std::string& name) const {
    std::ifstream file(path / name);
    return json::parse(file);
  }
  void write(const std::string& name, const json& content) const {
    write_file(path / name, content.dump());
  }
  void set(const std::string& name, const std::string& key, const json& value) const {
    json content = read(name);
    content[key] = value;
    write(name, content);
  }
  CrossEncoder load(CrossEncoderOptions options = {}) const {
    options.device = "cpu";
    return CrossEncoder(path.string(), options);
  }
  std::string file(const std::string& name) const { return (path / name).string(); }

 private:
  TempDir dir_;

 public:
  const fs::path path;
};

constexpr const char* kSettings = "config_sentence_transformers.json";

// --- Against Python -----------------------------------------------------------------------------

ScoreActivation activation(const json& name) {
  return name == "sigmoid" ? ScoreActivation::sigmoid : ScoreActivation::identity;
}

PredictOptions predict_options(const json& given) {
  PredictOptions options;
  for (const auto& [key, value] : given.items()) {
    if (key == "prompt")
      options.prompt = value;
    else if (key == "prompt_name")
      options.prompt_name = value;
    else if (key == "activation")
      options.activation = activation(value);
    else if (key == "apply_softmax")
      options.apply_softmax = value;
    else
      ADD_FAILURE() << "unknown option " << key;
  }
  return options;
}

void check_case(const json& c, const SafeTensors& expected) {
  const std::string name = c["name"];
  SCOPED_TRACE(name);
  const CrossFolder folder(c["folder"].get<std::string>());
  for (const auto& [file, content] : c["files"].items()) {
    content.is_null() ? void(fs::remove(folder.path / file)) : folder.write(file, content);
  }
  CrossEncoderOptions load;
  if (c["load"].contains("max_length")) load.max_length = c["load"]["max_length"];
  if (c["load"].contains("activation")) load.activation = activation(c["load"]["activation"]);
  const CrossEncoder model = folder.load(load);

  const json& loaded = c["loaded"];
  EXPECT_EQ(model.max_length(), loaded["max_length"].get<int64_t>());
  EXPECT_EQ(model.num_labels(), loaded["num_labels"].get<int64_t>());
  EXPECT_EQ(model.activation(), activation(loaded["activation"]));
  EXPECT_EQ(json(model.prompts()), loaded["prompts"]);
  EXPECT_EQ(model.default_prompt_name().value_or(""),
            loaded["default_prompt_name"].is_null() ? "" : loaded["default_prompt_name"]);

  const at::Tensor found = model.predict(golden_pairs(), predict_options(c["options"]));
  EXPECT_EQ(found.scalar_type(), at::kFloat);
  EXPECT_LE(largest_difference(found, expected.get(name)), 1e-5);
}

TEST(CrossEncoder, TinyModelsAsPython) {
  const auto expected = SafeTensors::open(golden("cross.safetensors"));
  EXPECT_GE(golden_cross()["cases"].size(), 50u);
  for (const json& c : golden_cross()["cases"]) check_case(c, expected);
}

TEST(CrossEncoder, TokensAsPython) {
  EXPECT_GE(golden_cross()["tokens"].size(), 70u);
  for (const json& t : golden_cross()["tokens"]) {
    const auto& [first, second] = golden_pairs()[t["pair"].get<size_t>()];
    SCOPED_TRACE(t.dump());
    const Encoding e = tiny().tokenizer().encode_pair(first, second, t["max_length"]);
    EXPECT_EQ(e.ids, t["ids"].get<std::vector<int64_t>>());
    EXPECT_EQ(e.type_ids, t["type_ids"].get<std::vector<int64_t>>());
  }
}

TEST(CrossEncoder, RankingsAsPython) {
  const json& golden = golden_cross()["rank"];
  for (const json& ranking : golden["rankings"]) {
    SCOPED_TRACE(ranking["options"].dump());
    RankOptions options;
    const json& given = ranking["options"];
    if (given.contains("top_k")) options.top_k = given["top_k"];
    options.return_documents = given.value("return_documents", false);
    if (given.contains("prompt_name")) options.predict.prompt_name = given["prompt_name"];
    const auto found = tiny().rank(golden["query"].get<std::string>(),
                                   golden["documents"].get<Strings>(), options);
    ASSERT_EQ(found.size(), ranking["results"].size());
    for (size_t i = 0; i < found.size(); ++i) {
      const json& wanted = ranking["results"][i];
      EXPECT_EQ(found[i].corpus_id, wanted["corpus_id"].get<int64_t>()) << i;
      EXPECT_NEAR(found[i].score, wanted["score"].get<double>(), 1e-5) << i;
      EXPECT_EQ(found[i].text, wanted.value("text", "")) << i;
    }
  }
}

// --- predict ------------------------------------------------------------------------------------

TEST(CrossEncoder, EveryWayToCall) {
  const std::string a = "the dog", b = "a cat";
  const at::Tensor both = tiny().predict({{"the dog", "a cat"}, {"sun", "food"}});
  EXPECT_EQ(both.sizes(), (at::IntArrayRef{2}));
  EXPECT_TRUE(at::equal(tiny().predict(Pairs{{a, b}, {"sun", "food"}}), both));
  EXPECT_EQ(tiny().predict({{a, b}}).sizes(), (at::IntArrayRef{1}));
  EXPECT_EQ(tiny().predict({a, b}).dim(), 0);
  EXPECT_NEAR(tiny().predict({a, b}).item<float>(), both[0].item<float>(), 1e-6);
  EXPECT_EQ(tiny_labels().predict({a, b}).sizes(), (at::IntArrayRef{3}));
  EXPECT_EQ(tiny_labels().predict({{a, b}}).sizes(), (at::IntArrayRef{1, 3}));
}

TEST(CrossEncoder, NothingGivesNothing) {
  EncodeReport report{.texts = 9};
  EXPECT_EQ(tiny().predict(Pairs{}, {.report = &report}).sizes(), (at::IntArrayRef{0}));
  EXPECT_EQ(report.texts, 0);
  EXPECT_EQ(tiny_labels().predict(Pairs{}).sizes(), (at::IntArrayRef{0, 3}));
  EXPECT_EQ(tiny_labels().predict(Pairs{}, {.apply_softmax = true}).sizes(),
            (at::IntArrayRef{0, 3}));
  EXPECT_TRUE(tiny().rank("the dog", {}).empty());
}

TEST(CrossEncoder, NeitherOrderNorBatchNorThreadsMatter) {
  Pairs pairs;
  for (int i = 0; i < 5; ++i) {
    pairs.insert(pairs.end(), golden_pairs().begin(), golden_pairs().end());
  }
  const at::Tensor wanted = tiny_labels().predict(pairs, {.batch_size = 1});
  for (const int64_t size : {2, 7, 32, 1000}) {
    EXPECT_LE(largest_difference(tiny_labels().predict(pairs, {.batch_size = size}), wanted), 1e-6);
  }
  const Pairs reversed(pairs.rbegin(), pairs.rend());
  EXPECT_LE(largest_difference(tiny_labels().predict(reversed).flip(0), wanted), 1e-6);
  const int threads = at::get_num_threads();
  for (const int count : {1, 3}) {
    at::set_num_threads(count);
    EXPECT_LE(largest_difference(tiny_labels().predict(pairs), wanted), 1e-6);
  }
  at::set_num_threads(threads);
}

TEST(CrossEncoder, ReportsWhatItSaw) {
  CrossEncoder model(golden("tiny_cross").string(), {.device = "cpu", .max_length = 6});
  EncodeReport report;
  model.predict({{"the", "a"}, {"the sun", "the dog and the cat"}, {"", ""}}, {.report = &report});
  EXPECT_EQ(report.texts, 3);
  EXPECT_EQ(report.truncated, 1);
  EXPECT_EQ(report.tokens, 5 + 6 + 3);
}

TEST(CrossEncoder, RefusesWhatPredictCannotDo) {
  const Pairs one = {{"a", "b"}};
  for (const int64_t size : {0, -1}) {
    EXPECT_THROWS(std::invalid_argument, tiny().predict(one, {.batch_size = size}),
                  "[CrossEncoder::predict] batch_size is ", "expected at least 1");
  }
  EXPECT_THROWS(std::invalid_argument, tiny().predict(one, {.prompt_name = "title"}),
                "[CrossEncoder::predict] prompt_name is \"title\"; known: empty, query");
}

TEST(CrossEncoder, ProgressBarOnlyWhenAskedFor) {
  testing::internal::CaptureStderr();
  tiny().predict(golden_pairs());
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  testing::internal::CaptureStderr();
  tiny().predict(golden_pairs(), {.show_progress_bar = true});
  EXPECT_NE(testing::internal::GetCapturedStderr().find("13/13"), std::string::npos);
}

// --- rank ---------------------------------------------------------------------------------------

TEST(CrossEncoder, EqualDocumentsKeepTheirOrder) {
  Strings documents;
  for (int i = 0; i < 200; ++i) documents.push_back(i % 3 == 0 ? "a dog" : "the sun is good");
  const auto found = tiny().rank("the dog", documents, {.predict = {.batch_size = 7}});
  ASSERT_EQ(found.size(), documents.size());
  for (size_t i = 1; i < found.size(); ++i) {
    EXPECT_GE(found[i - 1].score, found[i].score);
    if (documents[found[i - 1].corpus_id] == documents[found[i].corpus_id]) {
      EXPECT_LT(found[i - 1].corpus_id, found[i].corpus_id);
    }
  }
}

TEST(CrossEncoder, RefusesWhatRankCannotDo) {
  EXPECT_THROWS(std::invalid_argument, tiny_labels().rank("a", {"b"}),
                "[CrossEncoder::rank] expected a model with one label, found 3");
  for (const int64_t k : {0, -2}) {
    EXPECT_THROWS(std::invalid_argument, tiny().rank("a", {"b"}, {.top_k = k}),
                  "[CrossEncoder::rank] top_k is " + std::to_string(k));
  }
}

// --- Loading ------------------------------------------------------------------------------------

TEST(CrossEncoder, LooksForItsOwnOrganization) {
  TempDir cache;
  fs::create_directories(cache.path() / "cross-encoder");
  fs::copy(golden("tiny_cross"), cache.path() / "cross-encoder" / "tiny-name",
           fs::copy_options::recursive);
  const CrossEncoder model("tiny-name", {.device = "cpu", .cache_folder = cache.path().string()});
  EXPECT_EQ(model.path(), cache.path() / "cross-encoder" / "tiny-name");
  EXPECT_THROWS(LoadError, CrossEncoder("no-such", {.device = "cpu"}),
                "[CrossEncoder] no model \"no-such\"", "cross-encoder--no-such");
}

TEST(CrossEncoder, NamesActivationsThatAreNotHere) {
  const std::string known =
      "known: torch.nn.modules.activation.Sigmoid, torch.nn.modules.linear.Identity";
  for (const std::string wrong : {"torch.nn.modules.activation.Tanh", "mine.Sigmoid", "Identity"}) {
    const CrossFolder own;
    own.set(kSettings, "activation_fn", wrong);
    EXPECT_THROWS(UnsupportedError, own.load(),
                  own.file(kSettings) + ": \"activation_fn\" is \"" + wrong + "\"", known,
                  "CrossEncoderOptions::activation");
    EXPECT_EQ(own.load({.activation = ScoreActivation::sigmoid}).activation(),
              ScoreActivation::sigmoid);
    const CrossFolder bare("tiny_cross_labels");
    bare.set("config.json", "sbert_ce_default_activation_function", wrong);
    EXPECT_THROWS(
        UnsupportedError, bare.load(),
        bare.file("config.json") + ": \"sbert_ce_default_activation_function\" is \"" + wrong,
        known);
    bare.set("config.json", "sentence_transformers", {{"activation_fn", wrong}});
    EXPECT_THROWS(
        UnsupportedError, bare.load(),
        bare.file("config.json") + ": \"sentence_transformers.activation_fn\" is \"" + wrong,
        known);
  }
}

TEST(CrossEncoder, MaxLengthHasItsRange) {
  CrossEncoder model(golden("tiny_cross").string(), {.device = "cpu"});
  EXPECT_EQ(model.max_length(), 64);
  model.set_max_length(5);
  EXPECT_EQ(model.max_length(), 5);
  for (const int64_t wrong : {-1, 0, 1, 2, 65}) {
    EXPECT_THROWS(std::invalid_argument, model.set_max_length(wrong),
                  "[CrossEncoder::set_max_length]", "found " + std::to_string(wrong));
    EXPECT_THROWS(std::invalid_argument, CrossFolder().load({.max_length = wrong}),
                  "[CrossEncoder]", "found " + std::to_string(wrong));
  }
  EXPECT_EQ(model.max_length(), 5);
}

TEST(CrossEncoder, APairsSpecialTokensAreTheLeastLength) {
  CrossEncoder model(golden("tiny_cross").string(), {.device = "cpu"});
  model.set_max_length(3);
  EXPECT_EQ(model.predict({{"the dog", "a cat"}}).size(0), 1);
  const CrossFolder folder;
  folder.set("sentence_bert_config.json", "max_seq_length", 2);
  EXPECT_THROWS(LoadError, folder.load(), folder.file("sentence_bert_config.json"),
                "\"max_seq_length\": expected 3 (a pair's special tokens) to 64", "found 2");
}

// Python finds it at predict: "index out of range in self".
TEST(CrossEncoder, PairsNeedTwoTokenTypes) {
  const CrossFolder folder;
  const auto file = SafeTensors::open(folder.path / "model.safetensors");
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  for (const std::string& name : file.names()) {
    const at::Tensor tensor = file.get(name).clone();
    const bool types = name.ends_with("token_type_embeddings.weight");
    tensors.emplace_back(name, types ? tensor.narrow(0, 0, 1).clone() : tensor);
  }
  write_safetensors(folder.path / "model.safetensors", tensors);
  folder.set("config.json", "type_vocab_size", 1);
  EXPECT_THROWS(LoadError, folder.load(),
                folder.file("config.json") + ": \"type_vocab_size\" is 1; expected at least 2",
                "pairs type 1");
}

TEST(CrossEncoder, WhatLibTorchThrowsIsAnErrorOfOneLine) {
  const CrossEncoder model(golden("tiny_cross").string(), {.device = "cpu"});
  for (auto& [name, parameter] : model.named_parameters()) {
    if (name.ends_with("word_embeddings.weight"))
      parameter.set_data(parameter.data()[0].view({1, -1}));
  }
  expect_one_line([&] { model.predict(golden_pairs()); }, "[CrossEncoder::predict] LibTorch: ");
  expect_one_line([&] { model.rank("the dog", {"a cat"}); }, "[CrossEncoder::predict] LibTorch: ");
  expect_one_line([&] { model.forward({{"the dog", "a cat"}}); },
                  "[CrossEncoder::forward] LibTorch: ");
}

TEST(CrossEncoder, ReadsTheTransformerFromItsOwnFolder) {
  const CrossFolder folder;
  fs::create_directories(folder.path / "0_Transformer");
  for (const std::string name : {"config.json", "model.safetensors", "tokenizer.json",
                                 "tokenizer_config.json", "sentence_bert_config.json"}) {
    fs::rename(folder.path / name, folder.path / "0_Transformer" / name);
  }
  json modules = folder.read("modules.json");
  modules[0]["path"] = "0_Transformer";
  folder.write("modules.json", modules);
  EXPECT_TRUE(at::equal(folder.load().predict(golden_pairs()), tiny().predict(golden_pairs())));
  modules[0]["path"] = "../model";
  folder.write("modules.json", modules);
  EXPECT_THROWS(LoadError, folder.load(), "[CrossEncoder]", "modules.json: \"[0].path\"");
}

TEST(CrossEncoder, RefusesOtherModules) {
  const CrossFolder folder;
  json modules = folder.read("modules.json");
  modules.push_back({{"idx", 1},
                     {"name", "1"},
                     {"path", "1_Pooling"},
                     {"type", "sentence_transformers.models.Pooling"}});
  folder.write("modules.json", modules);
  EXPECT_THROWS(UnsupportedError, folder.load(),
                "[CrossEncoder] " + folder.file("modules.json") +
                    ": \"[1].type\" is \"sentence_transformers.models.Pooling\"",
                "known: one Transformer with a classification head");
  modules.erase(0);
  folder.write("modules.json", modules);
  EXPECT_THROWS(UnsupportedError, folder.load(), "[CrossEncoder]", "known: one Transformer");
  folder.write("modules.json", json::array());
  EXPECT_THROWS(LoadError, folder.load(), "[CrossEncoder]", "expected a list of modules");
}

TEST(CrossEncoder, RefusesALoopOfLinks) {
  const CrossFolder folder;
  fs::remove(folder.path / "modules.json");
  fs::create_symlink("modules.json", folder.path / "modules.json");
  EXPECT_THROWS(LoadError, folder.load(), folder.file("modules.json"),
                "Too many levels of symbolic links");
}

TEST(CrossEncoder, RefusesAnotherTask) {
  const CrossFolder folder;
  folder.set("sentence_bert_config.json", "transformer_task", "text-generation");
  EXPECT_THROWS(UnsupportedError, folder.load(),
                "[CrossEncoder] " + folder.file("sentence_bert_config.json") +
                    ": \"transformer_task\" is \"text-generation\"",
                "known: sequence-classification");
}

TEST(CrossEncoder, RefusesADefaultPromptThatIsNotThere) {
  const CrossFolder folder;
  folder.set(kSettings, "default_prompt_name", "title");
  EXPECT_THROWS(LoadError, folder.load(), "[CrossEncoder]", kSettings,
                "\"default_prompt_name\" is \"title\"");
}

// --- Heads --------------------------------------------------------------------------------------

TEST(CrossEncoder, ACheckpointWithoutAHeadNeedsANumber) {
  const std::string folder = golden("tiny_bert").string();
  EXPECT_THROWS(UnsupportedError, CrossEncoder(folder, {.device = "cpu"}),
                golden("tiny_bert/model.safetensors").string(), "\"classifier.weight\"",
                "set num_labels");
  for (const int64_t labels : {1, 4}) {
    at::manual_seed(3);
    const CrossEncoder a(folder, {.device = "cpu", .num_labels = labels});
    at::manual_seed(3);
    const CrossEncoder b(folder, {.device = "cpu", .num_labels = labels});
    const CrossEncoder other(folder, {.device = "cpu", .num_labels = labels});
    EXPECT_EQ(a.num_labels(), labels);
    EXPECT_EQ(a.activation(), labels == 1 ? ScoreActivation::sigmoid : ScoreActivation::identity);
    EXPECT_TRUE(a.prompts().empty());
    const at::Tensor scores = a.predict(golden_pairs());
    EXPECT_TRUE(at::equal(b.predict(golden_pairs()), scores));
    EXPECT_FALSE(at::equal(other.predict(golden_pairs()), scores));
  }
}

TEST(CrossEncoder, AHeadHasItsNumber) {
  for (const int64_t wrong : {1, 2, 4}) {
    EXPECT_THROWS(std::invalid_argument,
                  CrossFolder("tiny_cross_labels").load({.num_labels = wrong}),
                  "[CrossEncoder] num_labels is " + std::to_string(wrong), "has 3");
  }
  for (const int64_t wrong : {0, -1}) {
    EXPECT_THROWS(std::invalid_argument, CrossFolder().load({.num_labels = wrong}),
                  "num_labels is " + std::to_string(wrong) + "; expected at least 1");
  }
  EXPECT_EQ(CrossFolder("tiny_cross_labels").load({.num_labels = 3}).num_labels(), 3);
}

TEST(CrossEncoder, ConfigAndHeadMustFit) {
  const CrossFolder folder("tiny_cross_labels");
  folder.set("config.json", "id2label", {{"0", "no"}, {"1", "yes"}});
  EXPECT_THROWS(LoadError, folder.load(), "\"classifier.weight\": expected shape [2, 30]");
  folder.set("config.json", "id2label", json::object());
  EXPECT_THROWS(LoadError, folder.load(), "\"classifier.weight\": expected shape [0, 30]");
  folder.set("config.json", "num_labels", -1);
  EXPECT_THROWS(LoadError, folder.load(), "\"classifier.weight\": expected shape [-1, 30]");
  folder.set("config.json", "num_labels", "3");
  EXPECT_THROWS(LoadError, folder.load(), "\"num_labels\": expected an integer");
}

// --- Numbers of other types ---------------------------------------------------------------------

TEST(CrossEncoder, Bfloat16) {
  if (!cpu_is_fast_at(at::kBFloat16)) GTEST_SKIP() << "no instructions for it";
  for (const std::string name : {"tiny_cross", "tiny_cross_labels"}) {
    const CrossEncoder model(golden(name).string(), {.device = "cpu", .dtype = at::kBFloat16});
    EXPECT_EQ(model.dtype(), at::kBFloat16);
    const CrossEncoder& plain = name == "tiny_cross" ? tiny() : tiny_labels();
    const PredictOptions logits{.activation = ScoreActivation::identity};
    const at::Tensor found = model.predict(golden_pairs(), logits);
    EXPECT_EQ(found.scalar_type(), at::kFloat);
    const at::Tensor wanted = plain.predict(golden_pairs(), logits);
    EXPECT_LE(largest_difference(found, wanted), 0.02 * wanted.abs().max().item<float>() + 0.02);
    EXPECT_GT(largest_difference(found, wanted), 0);
    // Activated in float32: bfloat16 has 8 bits.
    const at::Tensor sigmoid =
        model.predict(golden_pairs(), {.activation = ScoreActivation::sigmoid});
    EXPECT_LE(largest_difference(sigmoid, at::sigmoid(found)), 1e-6);
  }
}

TEST(CrossEncoder, Int8) {
  if (!kernels::best()) GTEST_SKIP() << "no loops for int8";
  const CrossEncoder model(golden("tiny_cross").string(),
                           {.device = "cpu", .quantization = Quantization::int8});
  const PredictOptions logits{.activation = ScoreActivation::identity};
  const at::Tensor found = model.predict(golden_pairs(), logits);
  const at::Tensor wanted = tiny().predict(golden_pairs(), logits);
  EXPECT_LE(largest_difference(found, wanted), 0.05 * wanted.abs().max().item<float>());
  EXPECT_GT(largest_difference(found, wanted), 0);
  EXPECT_THROWS(std::invalid_argument,
                CrossFolder().load({.dtype = at::kBFloat16, .quantization = Quantization::int8}),
                "[CrossEncoder] quantization int8");
}

TEST(CrossEncoder, MovesAndTellsOfItself) {
  CrossEncoder a(golden("tiny_cross").string(), {.device = "cpu"});
  const CrossEncoder b = std::move(a);
  EXPECT_EQ(b.path(), golden("tiny_cross"));
  EXPECT_EQ(b.device(), at::Device(at::kCPU));
  EXPECT_EQ(b.dtype(), at::kFloat);
  EXPECT_TRUE(at::equal(b.predict(golden_pairs()), tiny().predict(golden_pairs())));
}

}  // namespace
}  // namespace sentence_transformers
