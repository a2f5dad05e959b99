// Models that begin with words, static vectors or a Router, against Python: embeddings, gradients,
// saving. tests/golden/make_first_modules.py makes the folders.
#include <ATen/ATen.h>

#include "modules/first_modules.h"

namespace sentence_transformers {
namespace {

using namespace test;
using nlohmann::json;

class FirstModulesTest : public testing::TestWithParam<json> {
 protected:
  FirstModulesTest()
      : folder(GetParam().at("name").get<std::string>()),
        task(GetParam().at("task")),
        key(GetParam().at("key")) {}

  at::Tensor embed(const SentenceTransformer& model) const {
    return model.encode(texts, with_task(task));
  }
  at::Tensor wanted() const { return results.get(key).clone(); }

  const FirstModules folder;
  const std::string task, key;
  const std::vector<std::string> texts = first_modules_texts();
  const SafeTensors results = first_modules_results();
};

TEST_P(FirstModulesTest, EmbeddingsEqualPythons) {
  const SentenceTransformer model = folder.load();
  EXPECT_EQ(model.get_embedding_dimension(), wanted().size(1));
  EXPECT_LE(largest_difference(embed(model), wanted()), 1e-5);
  for (size_t i = 0; i < texts.size(); ++i) {
    EXPECT_LE(largest_difference(model.encode(texts[i], with_task(task)),
                                 wanted()[static_cast<int64_t>(i)]),
              1e-5)
        << texts[i];
  }
}

TEST_P(FirstModulesTest, GradientsEqualPythons) {
  if (!results.contains(key + ".weights")) GTEST_SKIP() << "no gradients of " << key;
  SentenceTransformer model = folder.load();
  model.train();
  model.set_dropout(0);
  const at::Tensor embeddings = model.forward({texts.begin(), texts.end()}, "", task);
  EXPECT_LE(largest_difference(embeddings, wanted()), 1e-5);
  if (!embeddings.requires_grad()) {
    for (const auto& [name, parameter] : model.named_parameters()) {
      EXPECT_FALSE(parameter.requires_grad()) << name;
    }
    return;
  }
  (embeddings * results.get(key + ".weights")).sum().backward();
  std::map<std::string, at::Tensor> found;
  for (const auto& [name, parameter] : model.named_parameters()) found[name] = parameter.grad();
  size_t compared = 0;
  const std::string start = key + ".gradient.";
  for (const std::string& name : results.names()) {
    if (!name.starts_with(start)) continue;
    std::string own = name.substr(start.size());
    if (own.starts_with("0.")) own = own.substr(2);  // the first module's have no number here
    ASSERT_TRUE(found[own].defined()) << own;
    EXPECT_LE(largest_difference(found[own], results.get(name)), 1e-4) << own;
    ++compared;
  }
  const bool has_some = GetParam().at("name") != "router" || task == "query";
  EXPECT_EQ(compared > 0, has_some);
}

TEST_P(FirstModulesTest, WhatIsSavedGivesTheSame) {
  const TempDir target;
  folder.load().save_pretrained(target.path());
  const SentenceTransformer again(target.path().string(), {.device = "cpu"});
  EXPECT_LE(largest_difference(embed(again), wanted()), 1e-5);
}

TEST_P(FirstModulesTest, OtherNumbersStayClose) {
  const auto cosine = [&](const LoadOptions& options) {
    const at::Tensor found = embed(folder.load(options)), expected = wanted();
    const at::Tensor is_zero = expected.abs().sum(1).eq(0);
    EXPECT_EQ(found.index({is_zero}).abs().sum().item<double>(), 0);
    return at::cosine_similarity(found, expected).index({~is_zero}).min().item<double>();
  };
  try {
    EXPECT_GE(cosine({.device = "cpu", .quantization = Quantization::int8}), 0.98);
    EXPECT_GE(cosine({.device = "cpu", .dtype = at::kBFloat16}), 0.999);
  } catch (const Error& e) {
    if (std::string(e.what()).find("processor") == std::string::npos) throw;
    GTEST_SKIP() << e.what();  // without the instructions
  }
}

TEST_P(FirstModulesTest, AFileThatIsWrittenToIsNoticed) {
  const std::vector<std::string> own = {"static", "weights", "phrases"};
  const auto name = GetParam().at("name").get<std::string>();
  if (std::find(own.begin(), own.end(), name) == own.end()) GTEST_SKIP() << "no mapped table";
  const SentenceTransformer model = folder.load();
  std::ofstream(folder.path() / "model.safetensors", std::ios::app) << " ";
  EXPECT_THROWS(LoadError, embed(model), "model.safetensors");
}

std::vector<json> cases() { return golden_json("first_modules/cases.json").at("cases"); }

INSTANTIATE_TEST_SUITE_P(Python, FirstModulesTest, testing::ValuesIn(cases()),
                         [](const auto& info) {
                           auto key = info.param.at("key").template get<std::string>();
                           std::replace(key.begin(), key.end(), '.', '_');
                           return key;
                         });

// --- What the interface of first modules promises -----------------------------------------------

TEST(InputModules, PromptsAndReports) {
  const FirstModules folder("static");
  const SentenceTransformer model = folder.load();
  EncodeOptions options;
  options.prompt = "the dog ";
  EXPECT_EQ(largest_difference(model.encode("is", options), model.encode("the dog is")), 0);
  EncodeReport report;
  options.report = &report;
  options.prompt.reset();
  model.encode(std::vector<std::string>{"dog dog dog dog dog dog dog", "", "dog"}, options);
  EXPECT_EQ(report.texts, 3);
  EXPECT_EQ(report.tokens, 6);
  EXPECT_EQ(report.truncated, 1);
}

TEST(InputModules, LengthsAreTheModulesOwn) {
  SentenceTransformer words = FirstModules("lstm").load();
  EXPECT_EQ(words.max_seq_length(), 4);
  words.set_max_seq_length(2);
  EXPECT_EQ(words.max_seq_length(), 2);
  EXPECT_EQ(largest_difference(words.encode("dog sun cat"), words.encode("dog sun")), 0);
  EXPECT_THROWS(std::invalid_argument, words.set_max_seq_length(0),
                "[SentenceTransformer::set_max_seq_length] expected at least 1, found 0");
  const TempDir target;
  words.save_pretrained(target.path());
  EXPECT_EQ(SentenceTransformer(target.path().string()).max_seq_length(), 2);

  for (const std::string name : {"static", "bow"}) {
    SentenceTransformer model = FirstModules(name).load();
    EXPECT_EQ(model.max_seq_length(), Tokenizer::kNoLimit);
    EXPECT_THROWS(std::invalid_argument, model.set_max_seq_length(8),
                  "[SentenceTransformer::set_max_seq_length] ", "takes texts of any length");
  }
  SentenceTransformer routed = FirstModules("router").load();
  EXPECT_EQ(routed.max_seq_length(), Tokenizer::kNoLimit);  // of the query's route
  routed.set_max_seq_length(4);  // of the document's, which alone has one
  const auto document = with_task("document");
  EXPECT_EQ(largest_difference(routed.encode("the dog is good", document),
                               routed.encode("the dog", document)),
            0);
}

TEST(InputModules, TokenizersAreThoseOfHuggingFace) {
  EXPECT_EQ(FirstModules("static").load().tokenizer().encode_content("dog").ids.size(), 1u);
  EXPECT_EQ(FirstModules("wrapped").load().tokenizer().encode("dog").ids.size(), 3u);
  EXPECT_EQ(FirstModules("mapped").load().tokenizer().encode_content("dog").ids.size(), 1u);
  EXPECT_THROWS(UnsupportedError, FirstModules("bow").load().tokenizer(), "[BaseModel::tokenizer] ",
                "BoW looks up whole words");
  EXPECT_THROWS(UnsupportedError, FirstModules("weights").load().tokenizer(), "WordEmbeddings");
}

TEST(InputModules, TokensOfEachText) {
  const SentenceTransformer words = FirstModules("phrases").load();
  const auto tokens = words.encode_tokens({"dog sun", "", "cat"});
  EXPECT_EQ(tokens[0].sizes(), (at::IntArrayRef{2, 18}));
  EXPECT_EQ(tokens[1].sizes(), (at::IntArrayRef{0, 18}));
  EXPECT_EQ(tokens[2].sizes(), (at::IntArrayRef{1, 18}));
  EXPECT_THROWS(std::invalid_argument, FirstModules("static").load().encode_tokens({"a"}),
                "[SentenceTransformer::encode_tokens] expected a model that embeds tokens, found "
                "one of StaticEmbedding");
}

TEST(InputModules, LayersForLossesOverThem) {
  EXPECT_THROWS(std::invalid_argument, FirstModules("static").load().forward_layers({"a"}),
                "[SentenceTransformer::forward_layers] expected a model with layers");
  EXPECT_EQ(FirstModules("router").load().forward_layers({"the dog"}, "", "document").size(), 3u);
}

TEST(InputModules, ManyTextsOfAllLengthsEqualEachAlone) {
  std::vector<std::string> texts;
  for (int i = 0; i < 300; ++i) {
    std::string text;
    for (int k = 0; k < i % 37; ++k) text += (i * k) % 3 ? "dog " : "new york ";
    texts.push_back(text);
  }
  for (const std::string name : {"static", "weights", "phrases", "lstm_one_way", "bow"}) {
    const SentenceTransformer model = FirstModules(name).load();
    const at::Tensor together = model.encode(texts);
    for (size_t i = 0; i < texts.size(); i += 7) {
      EXPECT_LE(largest_difference(together[static_cast<int64_t>(i)], model.encode(texts[i])), 1e-5)
          << name << ": " << texts[i];
    }
  }
}

}  // namespace
}  // namespace sentence_transformers
