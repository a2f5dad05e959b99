// What first modules and those that work on tokens cannot read.
#include <ATen/ATen.h>

#include "modules/first_modules.h"

namespace sentence_transformers {
namespace {

using namespace test;
using nlohmann::json;

using Tensors = std::vector<std::pair<std::string, at::Tensor>>;

void write_weights(const FirstModules& folder, const Tensors& tensors) {
  write_safetensors(folder.path() / "model.safetensors", tensors, {{"format", "pt"}});
}

TEST(StaticEmbeddings, SayWhatTheyCannotRead) {
  const FirstModules folder("static");
  write_weights(folder, {{"embedding.weight", at::zeros({177, 8})}});
  EXPECT_THROWS(LoadError, folder.load(), "[StaticEmbedding] ",
                "the tokenizer has 178 tokens, the table 177 rows");
  write_weights(folder, {{"embedding.weight", at::zeros({178})}});
  EXPECT_THROWS(LoadError, folder.load(),
                "\"embedding.weight\": expected a table, found shape [178]");
  write_weights(folder, {{"other", at::zeros({178, 8})}});
  EXPECT_THROWS(LoadError, folder.load(), "\"embedding.weight\" is missing");
  const at::Tensor table = at::zeros({9, 8}), mapping = at::zeros({178}, at::kLong);
  write_weights(folder, {{"embeddings", table}, {"mapping", mapping + 9}});
  EXPECT_THROWS(LoadError, folder.load(), "\"mapping\": expected a list of rows from 0 to below 9");
  write_weights(folder, {{"embeddings", table}, {"mapping", mapping - 1}});
  EXPECT_THROWS(LoadError, folder.load(), "\"mapping\": expected a list of rows from 0 to below 9");
  write_weights(folder, {{"embeddings", table}, {"mapping", mapping.to(at::kFloat)}});
  EXPECT_THROWS(LoadError, folder.load(), "\"mapping\": expected a list of rows from 0 to below 9");
  write_weights(folder, {{"embeddings", table}, {"mapping", mapping}, {"weights", at::ones({9})}});
  EXPECT_THROWS(LoadError, folder.load(), "\"weights\": expected shape [178]");
  fs::remove(folder.path() / "tokenizer.json");
  EXPECT_THROWS(LoadError, folder.load(), "tokenizer.json");
}

TEST(WordModules, SayWhatTheyCannotRead) {
  const auto refuses = [](const std::string& model, const std::string& file, const std::string& key,
                          const json& wrong, const std::string& message) {
    const FirstModules folder(model);
    folder.set(file, key, wrong);
    EXPECT_THROWS(Error, folder.load(), message);
  };
  const std::string words = "wordembedding_config.json";
  refuses("weights", words, "tokenizer_class", "sentence_transformers.models.tokenizer.Other",
          "\"tokenizer_class\" is \"sentence_transformers.models.tokenizer.Other\"; known of "
          "sentence_transformers: PhraseTokenizer, TransformersTokenizerWrapper, Whitespace");
  refuses("weights", words, "tokenizer_class", "other.WhitespaceTokenizer",
          "is \"other.WhitespaceTokenizer\"");
  refuses("weights", words, "tokenizer_class", json(), "\"tokenizer_class\" is missing");
  refuses("weights", words, "max_seq_length", 0, "\"max_seq_length\": expected at least 1");
  refuses("weights", words, "other", 0, "[WordEmbeddings] ");
  refuses("weights", "whitespacetokenizer_config.json", "stop_words", json(),
          "\"stop_words\" is missing; expected a list");
  refuses("weights", "whitespacetokenizer_config.json", "vocab", {"a", 3},
          "\"vocab\": expected strings, found 3");
  refuses("weights", "whitespacetokenizer_config.json", "vocab", std::vector<std::string>(40, "a"),
          "the tokenizer has 40 words, the table 39 rows");
  refuses("weights", "1_WordWeights/config.json", "word_weights", {{"dog", "x"}},
          "\"word_weights.dog\": expected a number");
  refuses("weights", "1_WordWeights/config.json", "other", 1, "[WordWeights] ");
  refuses("bow", "0_BoW/config.json", "vocab", "a", "\"vocab\": expected a list, found \"a\"");
  refuses("bow", "0_BoW/config.json", "other", 1, "\"other\" is not known");
  refuses("bow", "1_Dense/config.json", "in_features", 36, "expected 37, as the module before");

  const FirstModules folder("weights");
  write_weights(folder, {{"emb_layer.weight", at::zeros({39})}});
  EXPECT_THROWS(LoadError, folder.load(),
                "\"emb_layer.weight\": expected a table, found shape [39]");
}

TEST(TokenModules, SayWhatTheyCannotRead) {
  const auto refuses = [](const std::string& model, const std::string& file, const std::string& key,
                          const json& wrong, const std::string& message) {
    const FirstModules folder(model);
    folder.set(file, key, wrong);
    EXPECT_THROWS(Error, folder.load(), message);
  };
  const std::string cnn = "1_CNN/cnn_config.json", lstm = "1_LSTM/lstm_config.json";
  const std::string layers = "1_WeightedLayerPooling/config.json";
  refuses("phrases", cnn, "kernel_sizes", {1, 2, 3},
          "\"kernel_sizes\" is [1,2,3]; known: odd widths");
  refuses("phrases", cnn, "kernel_sizes", json::array(), "known: odd widths");
  refuses("phrases", cnn, "kernel_sizes", {1, 3, 0}, "expected integers of at least 1, found 0");
  refuses("phrases", cnn, "stride_sizes", {1, 2, 1}, "\"stride_sizes\" is [1,2,1]; known: a 1 for");
  refuses("phrases", cnn, "in_embedding_dimension", 7, "expected 8, as the module before it gives");
  refuses("phrases", cnn, "out_channels", 5, "\"convs.0.weight\": expected shape [5, 8, 1]");
  refuses("phrases", cnn, "other", 5, "[CNN] ");
  refuses("lstm", lstm, "embedding_dimension", 9, "expected 8, as the module before it gives");
  refuses("lstm", lstm, "hidden_dim", 6, "\"encoder.weight_ih_l0\": expected shape [24, 8]");
  refuses("lstm", lstm, "num_layers", 3, "\"encoder.weight_ih_l2\"");
  refuses("lstm", lstm, "dropout", 1, "\"dropout\": expected 0.0 to below 1.0");
  refuses("layers", layers, "layer_start", 3, "\"layer_start\": expected at most 2, found 3");
  refuses("layers", layers, "embedding_dimension", 31,
          "expected 32, as the module before it gives");

  const FirstModules other("layers");
  other.set(layers, "num_hidden_layers", 3);
  other.set(layers, "layer_start", 2);
  EXPECT_THROWS(UnsupportedError, other.load().encode("a"),
                "[WeightedLayerPooling] expected an encoder of 3 layers, found 2");
}

TEST(TokenModules, LayersCountOnlyWhereTheConfigurationKeepsThem) {
  const FirstModules folder("layers");
  folder.set("config.json", "output_hidden_states", false);
  const at::Tensor without = folder.load().encode("the dog");
  EXPECT_GT(largest_difference(without, first_modules_results().get("layers.none")[0]), 0.01);
  json modules = folder.read("modules.json");
  modules.erase(1);
  folder.write("modules.json", modules);
  EXPECT_EQ(largest_difference(folder.load().encode("the dog"), without), 0);
}

TEST(ModuleOrder, IsChecked) {
  const FirstModules folder("weights");
  const json words = folder.read("modules.json")[0];
  const auto module = [](const std::string& type, const std::string& path) {
    return json{{"idx", 0},
                {"name", "0"},
                {"path", path},
                {"type", "sentence_transformers.models." + type}};
  };
  const json pooling = module("Pooling", "2_Pooling");
  const auto refuses = [&](const json& modules, const std::string& message) {
    folder.write("modules.json", modules);
    EXPECT_THROWS(Error, folder.load(), "[SentenceTransformer] " + folder.file("modules.json"),
                  message);
  };
  refuses(json::array({pooling}),
          "known as the first module: Asym, BoW, MLMTransformer, Router, SparseStaticEmbedding, "
          "StaticEmbedding, Transformer, WordEmbeddings");
  refuses({words, words}, "\"[1].type\" is ");
  refuses({words, words}, "expected it as the first module alone");
  folder.write("modules.json", {words, module("Normalize", "")});
  EXPECT_THROWS(LoadError, folder.load(), "[Normalize] ", "expected a Pooling module before it");
  refuses(json::array({words}), "expected a Pooling module, found none");

  const FirstModules counts("bow");
  json modules = counts.read("modules.json");
  modules[1] = pooling;
  counts.write("modules.json", modules);
  EXPECT_THROWS(LoadError, counts.load(), "expected a module before it that embeds tokens");
  modules[1] = module("Dense", "1_Dense");
  counts.write("modules.json", modules);
  for (const char* key : {"module_input_name", "module_output_name"}) {
    counts.set("1_Dense/config.json", key, "token_embeddings");
  }
  EXPECT_THROWS(LoadError, counts.load(), "[Dense] ", "expected a module before it that embeds");
}

}  // namespace
}  // namespace sentence_transformers
