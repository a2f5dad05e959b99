// Dense, Dropout and LayerNorm behind a Transformer, against Python: embeddings, gradients, saving,
// and what they refuse. tests/golden/make_modules.py makes the files.
#include <ATen/ATen.h>
#include <sentence_transformers/error.h>
#include <sentence_transformers/sentence_transformer.h>

#include "core/safetensors.h"
#include "kernels/kernels.h"
#include "support.h"

namespace sentence_transformers {
namespace {

using namespace test;
using nlohmann::json;

class DenseTest : public testing::Test {
 protected:
  DenseTest() {
    for (const auto& entry : fs::directory_iterator(golden("tiny_bert"))) {
      if (!entry.is_directory()) fs::copy(entry.path(), folder());
    }
    fs::copy(golden("modules"), folder(),
             fs::copy_options::recursive | fs::copy_options::overwrite_existing);
  }
  fs::path folder() const { return dir_.path(); }
  SentenceTransformer load(const LoadOptions& options = {.device = "cpu"}) const {
    return SentenceTransformer(folder().string(), options);
  }
  static std::vector<std::string> texts() { return golden_json("modules/texts.json"); }
  static at::Tensor wanted() {
    return SafeTensors::open(golden("modules/embeddings.safetensors")).get("embeddings").clone();
  }
  void set(const std::string& module, const std::string& key, const json& value) const {
    const fs::path path = folder() / module / "config.json";
    std::ifstream in(path);
    json config = json::parse(in);
    value.is_null() ? void(config.erase(key)) : void(config[key] = value);
    write_file(path, config.dump());
  }

  TempDir dir_;
};

TEST_F(DenseTest, EmbeddingsEqualPythons) {
  const SentenceTransformer model = load();
  EXPECT_EQ(model.get_embedding_dimension(), 16);
  EXPECT_LE(largest_difference(model.encode(texts()), wanted()), 1e-5);
}

TEST_F(DenseTest, OtherNumbersStayClose) {
  if (!kernels::best()) GTEST_SKIP() << "no loops for int8";
  const auto cosine = [&](const LoadOptions& options) {
    return at::cosine_similarity(load(options).encode(texts()), wanted()).min().item<double>();
  };
  EXPECT_GE(cosine({.device = "cpu", .quantization = Quantization::int8}), 0.98);
}

TEST_F(DenseTest, GradientsEqualPythonsAndAllParametersAreNamed) {
  SentenceTransformer model = load();
  model.train();
  model.set_dropout(0);
  const SafeTensors gradients = SafeTensors::open(golden("modules/gradients.safetensors"));
  const auto all = texts();
  const at::Tensor embeddings = model.forward({all.begin(), all.end()});
  (embeddings * gradients.get("weights")).sum().backward();
  size_t compared = 0;
  for (const auto& [name, parameter] : model.named_parameters()) {
    if (!gradients.contains(name)) continue;
    EXPECT_LE(largest_difference(parameter.grad(), gradients.get(name)), 1e-4) << name;
    ++compared;
  }
  EXPECT_EQ(compared, gradients.names().size() - 1);  // all but the weights
}

TEST_F(DenseTest, WhatIsSavedGivesTheSame) {
  const TempDir target;
  load().save_pretrained(target.path());
  const SentenceTransformer again(target.path().string(), {.device = "cpu"});
  EXPECT_LE(largest_difference(again.encode(texts()), wanted()), 1e-5);
  const SafeTensors saved = SafeTensors::open(target.path() / "2_Dense" / "model.safetensors");
  EXPECT_EQ(saved.names(), (std::vector<std::string>{"linear.bias", "linear.weight"}));
}

TEST_F(DenseTest, TrainedParametersAreSaved) {
  SentenceTransformer model = load();
  for (const auto& [name, parameter] : model.named_parameters()) {
    if (name == "2.linear.bias") parameter.data().add_(1);
  }
  const TempDir target;
  model.save_pretrained(target.path());
  const at::Tensor before =
      SafeTensors::open(folder() / "2_Dense" / "model.safetensors").get("linear.bias");
  const at::Tensor after =
      SafeTensors::open(target.path() / "2_Dense" / "model.safetensors").get("linear.bias");
  EXPECT_LE(largest_difference(after, before + 1), 1e-6);
}

TEST_F(DenseTest, SaysWhatItCannotRead) {
  const auto refuses = [&](const std::string& module, const std::string& key, const json& wrong,
                           const std::string& message) {
    const fs::path path = folder() / module / "config.json";
    const fs::path kept = folder() / "kept";
    fs::copy(path, kept, fs::copy_options::overwrite_existing);
    set(module, key, wrong);
    EXPECT_THROWS(LoadError, load(), message);
    fs::copy(kept, path, fs::copy_options::overwrite_existing);
  };
  refuses("2_Dense", "in_features", 31, "\"in_features\": expected 32, as the module before it");
  refuses("2_Dense", "out_features", 25, "\"linear.weight\": expected shape [25, 32]");
  refuses("2_Dense", "in_features", json(), "\"in_features\" is missing");
  refuses("4_LayerNorm", "dimension", 23, "\"dimension\": expected 24, as the module before it");
  refuses("3_Dropout", "dropout", 1.5, "\"dropout\": expected 0.0 to below 1.0, found 1.5");
  set("2_Dense", "activation_function", "torch.nn.modules.activation.Mish");
  EXPECT_THROWS(UnsupportedError, load(), "\"activation_function\" is \"torch.nn.modules.",
                "known of torch.nn: GELU, Identity, ReLU, SiLU, Tanh");
  set("2_Dense", "activation_function", "torch.nn.modules.activation.Tanh");
  set("2_Dense", "module_input_name", "other");
  EXPECT_THROWS(UnsupportedError, load(), "\"module_input_name\" is \"other\"");
  set("2_Dense", "module_input_name", "sentence_embedding");
  set("2_Dense", "module_output_name", "token_embeddings");
  EXPECT_THROWS(UnsupportedError, load(),
                "\"module_output_name\": expected \"sentence_embedding\"");
}

}  // namespace
}  // namespace sentence_transformers
