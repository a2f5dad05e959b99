// Rerankers that are language models, and chat templates, against Python.
#include <sentence_transformers/sentence_transformers.h>

#include "core/safetensors.h"
#include "support.h"

namespace sentence_transformers {
namespace {

using namespace test;
using nlohmann::json;

const json& golden_rerankers() {
  static const json file = golden_json("rerankers.json");
  return file;
}

/// A copy of a golden folder, with files written over it: JSON, text, or null for none.
class Folder {
 public:
  explicit Folder(const std::string& name, const json& files = json::object())
      : path(dir_.path() / "model") {
    fs::copy(golden(name), path, fs::copy_options::recursive);
    for (const auto& [file, content] : files.items()) {
      fs::remove(path / file);
      fs::create_directories((path / file).parent_path());
      if (content.is_string()) {
        write_file(path / file, content.get<std::string>());
      } else if (!content.is_null()) {
        write_file(path / file, content.dump());
      }
    }
  }
  CrossEncoder load(CrossEncoderOptions options = {}) const {
    options.device = "cpu";
    return CrossEncoder(path.string(), options);
  }

 private:
  TempDir dir_;

 public:
  const fs::path path;
};

json read(const std::string& name) { return golden_json(name); }

TEST(Rerankers, ScoresAsPython) {
  const auto expected = SafeTensors::open(golden("rerankers.safetensors"));
  const std::vector<TextPair> pairs = golden_rerankers()["pairs"];
  EXPECT_GE(golden_rerankers()["cases"].size(), 36u);
  for (const json& c : golden_rerankers()["cases"]) {
    const std::string name = c["name"];
    SCOPED_TRACE(name);
    const Folder folder(c["folder"], c["files"]);
    CrossEncoderOptions load;
    if (c["load"].contains("max_length")) load.max_length = c["load"]["max_length"];
    const CrossEncoder model = folder.load(load);
    EXPECT_EQ(model.num_labels(), 1);
    EXPECT_EQ(model.activation(), ScoreActivation::sigmoid);
    PredictOptions options;
    if (c["options"].contains("activation")) options.activation = ScoreActivation::identity;
    if (c["options"].contains("prompt")) options.prompt = c["options"]["prompt"];
    if (c["options"].contains("prompt_name")) options.prompt_name = c["options"]["prompt_name"];
    const at::Tensor found = model.predict(pairs, options), wanted = expected.get(name);
    const double size = std::max(1.0, wanted.abs().max().item<double>());
    EXPECT_LE(largest_difference(found, wanted), 1e-5 * size);
  }
}

TEST(Rerankers, SavedAndOpenedAgain) {
  for (const char* name : {"tiny_reranker", "tiny_reranker_bare", "tiny_reranker_classifier",
                           "tiny_reranker_qwen2", "tiny_reranker_llama", "tiny_reranker_mistral"}) {
    SCOPED_TRACE(name);
    const Folder folder(name);
    const CrossEncoder model = folder.load();
    const TempDir out;
    model.save_pretrained(out.path() / "saved");
    const CrossEncoder again((out.path() / "saved").string(), {.device = "cpu"});
    const std::vector<TextPair> pairs = golden_rerankers()["pairs"];
    EXPECT_LE(largest_difference(again.predict(pairs), model.predict(pairs)), 1e-6);
    EXPECT_EQ(again.named_parameters().size(), model.named_parameters().size());
  }
}

TEST(Rerankers, TheTableOfOutputsTrains) {
  constexpr int64_t kYes = 331, kNo = 332;
  const std::map<std::string, std::string> tables = {{"tiny_reranker", "model.embed_tokens.weight"},
                                                     {"tiny_reranker_bare", "lm_head.weight"}};
  for (const auto& [name, table] : tables) {
    SCOPED_TRACE(name);
    CrossEncoder model(golden(name).string(), {.device = "cpu"});
    model.train();
    model.forward({TextPairView("the dog", "a cat"), TextPairView("the sun", "good")})
        .sum()
        .backward();
    bool found = false;
    for (const auto& [parameter, p] : model.named_parameters()) {
      if (parameter != table) continue;
      found = true;
      EXPECT_GT(p.grad()[kYes].abs().sum().item<double>(), 0);
      if (table != "lm_head.weight") continue;  // the template has both words
      EXPECT_LE(largest_difference(p.grad()[kYes], -p.grad()[kNo]), 1e-4);
    }
    EXPECT_TRUE(found);
  }
}

TEST(Rerankers, HalvesStayClose) {
  const std::vector<TextPair> pairs = golden_rerankers()["pairs"];
  const auto scores = [&](CrossEncoderOptions options) {
    options.device = "cpu";
    return CrossEncoder(golden("tiny_reranker").string(), options)
        .predict(pairs, {.activation = ScoreActivation::identity});
  };
  const at::Tensor exact = scores({});
  EXPECT_GE(at::cosine_similarity(scores({.dtype = at::kBFloat16}), exact, 0).item<double>(),
            0.999);
}

TEST(Rerankers, RefusesWhatIsNotThere) {
  const std::string score = "1_LogitScore/config.json";
  EXPECT_THROWS(std::invalid_argument, Folder("tiny_reranker").load({.num_labels = 2}),
                "[CrossEncoder] num_labels is 2; a language model's score has 1");
  EXPECT_THROWS(LoadError, Folder("tiny_reranker", {{score, {{"true_token_id", 5000}}}}).load(),
                "[LogitScore] token 5000 is outside the");
  EXPECT_THROWS(LoadError, Folder("tiny_reranker", {{score, {{"true_token_id", -1}}}}).load(),
                "\"true_token_id\"");
  const json input = {{"true_token_id", 1}, {"module_input_name", "logits"}};
  EXPECT_THROWS(UnsupportedError, Folder("tiny_reranker", {{score, input}}).load(), "[LogitScore]",
                "\"module_input_name\" is \"logits\"; known: causal_logits");

  const std::string settings = "sentence_bert_config.json";
  json other = read("tiny_reranker/" + settings);
  other["transformer_task"] = "sequence-classification";
  EXPECT_THROWS(UnsupportedError, Folder("tiny_reranker", {{settings, other}}).load(),
                "known: text-generation with LogitScore");
  json modules = read("tiny_reranker/modules.json");
  modules.push_back(modules[1]);
  EXPECT_THROWS(UnsupportedError, Folder("tiny_reranker", {{"modules.json", modules}}).load(),
                "known: one Transformer with a classification head, or with LogitScore behind it");

  json tokenizer = read("tiny_reranker_bare/tokenizer.json");
  json& vocabulary = tokenizer["model"]["vocab"];
  vocabulary["yez"] = vocabulary["yes"];
  vocabulary.erase("yes");
  json& merges = tokenizer["model"]["merges"];
  for (json& merge : merges) {
    if (merge == json{"ye", "s"}) merge = {"ye", "z"};
  }
  EXPECT_THROWS(UnsupportedError,
                Folder("tiny_reranker_bare", {{"tokenizer.json", tokenizer}}).load(),
                "is a language model whose tokenizer has no tokens \"yes\" and \"no\"");
  EXPECT_THROWS(UnsupportedError,
                Folder("tiny_reranker", {{"chat_template.jinja", "{{ messages }}"}}).load(),
                "[ChatTemplate]", "chat_template.jinja");
}

}  // namespace
}  // namespace sentence_transformers
