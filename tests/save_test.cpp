// What save_pretrained writes, both classes open again with the same parameters.
#include <sentence_transformers/sentence_transformers.h>

#include "core/safetensors.h"
#include "kernels/kernels.h"
#include "support.h"

namespace sentence_transformers {
namespace {

using namespace test;
using nlohmann::json;

const std::vector<std::string> kTexts = {"the sun is good", "", "a dog and a cat play in the sun"};
const std::vector<TextPair> kPairs = {
    {"the sun is good", "a dog"}, {"", ""}, {"the man and the woman", "in the weather"}};

json read(const fs::path& path) {
  std::ifstream file(path);
  return json::parse(file);
}

at::Tensor run(const SentenceTransformer& model) { return model.encode(kTexts); }
at::Tensor run(const CrossEncoder& model) { return model.predict(kPairs); }

template <class Model>
void expect_same(const Model& a, const Model& b) {
  const auto wanted = a.named_parameters(), found = b.named_parameters();
  ASSERT_EQ(found.size(), wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_EQ(found[i].first, wanted[i].first);
    EXPECT_TRUE(at::equal(found[i].second, wanted[i].second)) << wanted[i].first;
  }
  // A head's product depends in its last bit on where in memory its weights lie.
  EXPECT_LE(largest_difference(run(a), run(b)), 1e-6);
  EXPECT_EQ(a.prompts(), b.prompts());
}

/// Changes every parameter a little, as training would.
template <class Model>
void change(Model& model) {
  model.train();
  const at::NoGradGuard no_grad;
  for (const auto& [name, p] : model.named_parameters()) p.mul_(1.01).add_(0.001);
  model.train(false);
}

template <class Model>
class Save : public testing::Test {
 protected:
  static constexpr bool kCross = std::is_same_v<Model, CrossEncoder>;
  using Options = std::conditional_t<kCross, CrossEncoderOptions, LoadOptions>;
  static std::string source() { return golden(kCross ? "tiny_cross" : "tiny_bert").string(); }
  static Model load(const fs::path& folder, Options options = {}) {
    options.device = "cpu";
    return Model(folder.string(), options);
  }
  fs::path out() const { return dir_.path() / "a" / "b"; }
  TempDir dir_;
};

using Both = testing::Types<SentenceTransformer, CrossEncoder>;
TYPED_TEST_SUITE(Save, Both);

TYPED_TEST(Save, WritesEveryFile) {
  auto model = this->load(this->source());
  model.save_pretrained(this->out());
  std::set<std::string> wanted = {
      "config.json",          "config_sentence_transformers.json", "model.safetensors",
      "modules.json",         "sentence_bert_config.json",         "tokenizer.json",
      "tokenizer_config.json"};
  if (!this->kCross) wanted.insert({"1_Pooling", "2_Normalize"});
  std::set<std::string> found;
  for (const auto& entry : fs::directory_iterator(this->out())) {
    found.insert(entry.path().filename().string());
  }
  EXPECT_EQ(found, wanted);
  expect_same(model, this->load(this->out()));
}

TYPED_TEST(Save, KeepsWhatTrainingChanged) {
  auto model = this->load(this->source());
  const at::Tensor before = run(model);
  change(model);
  EXPECT_GT(largest_difference(run(model), before), 1e-4);
  model.save_pretrained(this->out());
  expect_same(model, this->load(this->out()));
  // In training mode, too, and over what is there.
  change(model);
  model.train();
  model.save_pretrained(this->out());
  model.train(false);
  expect_same(model, this->load(this->out()));
}

TYPED_TEST(Save, IntoItsOwnFolder) {
  auto first = this->load(this->source());
  first.save_pretrained(this->out());
  auto model = this->load(this->out());
  change(model);
  model.save_pretrained(this->out());
  expect_same(model, this->load(this->out()));
  expect_same(first, this->load(this->source()));
  EXPECT_EQ(read(this->out() / "tokenizer.json"),
            read(fs::path(this->source()) / "tokenizer.json"));
}

TYPED_TEST(Save, OfAnInt8ModelHasTheWholeWeights) {
  if (!kernels::best()) GTEST_SKIP() << "no loops for int8";
  this->load(this->source(), {.quantization = Quantization::int8}).save_pretrained(this->out());
  expect_same(this->load(this->source()), this->load(this->out()));
}

TYPED_TEST(Save, RefusesAFolderThatCannotBe) {
  auto model = this->load(this->source());
  write_file(this->dir_.path() / "file", "");
  EXPECT_THROWS(Error, model.save_pretrained(this->dir_.path() / "file" / "x"),
                "[save_pretrained] " + (this->dir_.path() / "file" / "x").string());
}

TYPED_TEST(Save, NeedsTheSourcesTokenizer) {
  const fs::path copy = this->dir_.path() / "source";
  fs::copy(this->source(), copy, fs::copy_options::recursive);
  auto model = this->load(copy);
  fs::remove_all(copy);
  EXPECT_THROWS(Error, model.save_pretrained(this->out()),
                "[save_pretrained] " + copy.string() + ": No such file");
}

TEST(SaveSentenceTransformer, KeepsItsSettings) {
  TempDir dir;
  fs::copy(golden("tiny_bert"), dir.path() / "in", fs::copy_options::recursive);
  write_file(dir.path() / "in" / "config_sentence_transformers.json",
             json{{"prompts", {{"query", "query: "}, {"title", "title "}}},
                  {"default_prompt_name", "title"},
                  {"similarity_fn_name", "dot"},
                  {"truncate_dim", 12}}
                 .dump());
  SentenceTransformer model((dir.path() / "in").string(), {.device = "cpu"});
  model.set_max_seq_length(11);
  model.save_pretrained(dir.path() / "out");
  const SentenceTransformer again((dir.path() / "out").string(), {.device = "cpu"});
  expect_same(model, again);
  EXPECT_EQ(again.max_seq_length(), 11);
  EXPECT_EQ(again.default_prompt_name(), "title");
  EXPECT_EQ(again.similarity_fn(), SimilarityFunction::dot);
  EXPECT_EQ(again.get_embedding_dimension(), 12);
}

TEST(SaveSentenceTransformer, WritesBareCheckpointsAsItsOwn) {
  for (const std::string name : {"tiny_bert_cased", "tiny_bert_prefixed"}) {
    TempDir dir;
    const SentenceTransformer model(golden(name).string(), {.device = "cpu"});
    model.save_pretrained(dir.path());
    expect_same(model, SentenceTransformer(dir.path().string(), {.device = "cpu"}));
    EXPECT_TRUE(fs::exists(dir.path() / "modules.json"));
    EXPECT_EQ(fs::exists(dir.path() / "vocab.txt"), fs::exists(golden(name) / "vocab.txt"));
  }
}

TEST(SaveCrossEncoder, KeepsItsSettings) {
  TempDir dir;
  CrossEncoder model(golden("tiny_cross").string(),
                     {.device = "cpu", .activation = ScoreActivation::identity});
  model.set_max_length(9);
  model.save_pretrained(dir.path());
  const CrossEncoder again(dir.path().string(), {.device = "cpu"});
  expect_same(model, again);
  EXPECT_EQ(again.max_length(), 9);
  EXPECT_EQ(again.activation(), ScoreActivation::identity);
  EXPECT_EQ(again.prompts().at("query"), "query: ");
  EXPECT_EQ(read(dir.path() / "config_sentence_transformers.json")["model_type"], "CrossEncoder");
}

TEST(SaveCrossEncoder, WritesBareCheckpointsAsItsOwn) {
  TempDir dir;
  const CrossEncoder model(golden("tiny_cross_labels").string(), {.device = "cpu"});
  EXPECT_EQ(model.activation(), ScoreActivation::sigmoid);
  model.save_pretrained(dir.path());
  expect_same(model, CrossEncoder(dir.path().string(), {.device = "cpu"}));
  // The older key gives way to what sentence-transformers 4 and 5 read.
  const json config = read(dir.path() / "config.json");
  EXPECT_FALSE(config.contains("sbert_ce_default_activation_function"));
  EXPECT_EQ(config["sentence_transformers"]["activation_fn"],
            "torch.nn.modules.activation.Sigmoid");
  fs::remove(dir.path() / "modules.json");
  EXPECT_EQ(CrossEncoder(dir.path().string(), {.device = "cpu"}).activation(),
            ScoreActivation::sigmoid);
}

TEST(SaveCrossEncoder, WritesNewHeads) {
  for (const int64_t labels : {1, 2, 3}) {
    TempDir dir;
    const CrossEncoder model(golden("tiny_bert").string(),
                             {.device = "cpu", .num_labels = labels, .max_length = 20});
    model.save_pretrained(dir.path());
    const CrossEncoder again(dir.path().string(), {.device = "cpu"});
    expect_same(model, again);
    EXPECT_EQ(again.num_labels(), labels);
    EXPECT_EQ(again.max_length(), 20);
    const json config = read(dir.path() / "config.json");
    EXPECT_EQ(config["architectures"], json::array({"BertForSequenceClassification"}));
    EXPECT_EQ(config["id2label"].size(), static_cast<size_t>(labels));
    EXPECT_EQ(config["label2id"]["LABEL_0"], 0);
    const auto file = SafeTensors::open(dir.path() / "model.safetensors");
    EXPECT_TRUE(file.contains("bert.embeddings.word_embeddings.weight"));
    EXPECT_EQ(file.get("classifier.weight").sizes(), (at::IntArrayRef{labels, 32}));
  }
}

TEST(SaveCrossEncoder, KeepsTheNamesOfLabels) {
  TempDir dir;
  fs::copy(golden("tiny_cross_labels"), dir.path() / "in", fs::copy_options::recursive);
  json config = read(dir.path() / "in" / "config.json");
  config["id2label"] = {{"0", "contradiction"}, {"1", "entailment"}, {"2", "neutral"}};
  config["label2id"] = {{"contradiction", 0}, {"entailment", 1}, {"neutral", 2}};
  write_file(dir.path() / "in" / "config.json", config.dump());
  CrossEncoder((dir.path() / "in").string(), {.device = "cpu"}).save_pretrained(dir.path() / "out");
  const json saved = read(dir.path() / "out" / "config.json");
  EXPECT_EQ(saved["id2label"], config["id2label"]);
  EXPECT_EQ(saved["label2id"], config["label2id"]);
}

}  // namespace
}  // namespace sentence_transformers
