// BERT from every kind of checkpoint, and every config and tensor that it refuses.
#include <ATen/ATen.h>
#include <sentence_transformers/error.h>

#include <limits>

#include "core/safetensors.h"
#include "encoders/encoder.h"
#include "nn/layers.h"
#include "nn/packing.h"
#include "support.h"

namespace sentence_transformers {
namespace {

using namespace test;
using nlohmann::json;
using Tensors = std::map<std::string, at::Tensor>;

Tensors read_tensors(const fs::path& path) {
  const SafeTensors file = SafeTensors::open(path);
  Tensors tensors;
  for (const std::string& name : file.names()) tensors[name] = file.get(name);
  return tensors;
}

/// tiny_bert's config and tensors, to be changed, and the encoder they make.
class BertTest : public testing::Test {
 protected:
  std::shared_ptr<Encoder> make() const {
    const fs::path path = dir_.path() / "model.safetensors";
    write_safetensors(path, {tensors.begin(), tensors.end()});
    return make_encoder(Config(config, "config.json"), Weights({SafeTensors::open(path)}));
  }
  /// Hidden states of two texts, of different lengths.
  static at::Tensor run(Encoder& encoder) {
    const std::vector<int64_t> a = {2, 145, 146, 3}, b = {2, 147, 3}, zeros(4), three(3);
    const at::NoGradGuard no_grad;
    encoder.eval();
    pack_weights(encoder, {}, [] {});
    return encoder.forward(pack_tokens({a, b}, {zeros, three}, at::kCPU)).clone();
  }
  at::Tensor run() const { return run(*make()); }
  void put_prefix(const std::string& prefix) {
    Tensors renamed;
    for (const auto& [name, tensor] : tensors) renamed[prefix + name] = tensor;
    tensors = std::move(renamed);
  }

  json config = golden_json("tiny_bert/config.json");
  Tensors tensors = read_tensors(golden("tiny_bert/model.safetensors"));
  TempDir dir_;
};

TEST_F(BertTest, KnowsItsSizes) {
  const auto encoder = make();
  EXPECT_EQ(encoder->hidden_size(), 32);
  EXPECT_EQ(encoder->vocab_size(), 178);
  EXPECT_EQ(encoder->max_positions(), 64);
  EXPECT_EQ(run(*encoder).sizes(), (at::IntArrayRef{7, 32}));
}

TEST_F(BertTest, ParametersBearTheCheckpointsNames) {
  const auto parameters = make()->named_parameters();
  for (const auto& [name, tensor] : tensors) {
    ASSERT_TRUE(parameters.contains(name)) << name;
    EXPECT_TRUE(at::equal(parameters[name].detach(), tensor)) << name;
  }
  EXPECT_EQ(parameters.size(), tensors.size());
}

TEST_F(BertTest, TrainingModeWithoutDropoutGivesTheSame) {
  config["hidden_dropout_prob"] = config["attention_probs_dropout_prob"] = 0;
  const auto encoder = make();
  const at::Tensor wanted = run(*encoder);
  const std::vector<int64_t> a = {2, 145, 146, 3}, b = {2, 147, 3}, zeros(4), three(3);
  encoder->train();
  const at::Tensor found = encoder->forward(pack_tokens({a, b}, {zeros, three}, at::kCPU));
  EXPECT_LE(largest_difference(found.detach(), wanted), 1e-5);
  found.pow(2).sum().backward();
  for (const auto& p : encoder->named_parameters()) {
    const bool for_heads_alone = p.key().starts_with("pooler.");
    EXPECT_NE(p.value().grad().defined(), for_heads_alone) << p.key();
  }
}

TEST_F(BertTest, NoticesAParameterChangedAfterEval) {
  const auto encoder = make();
  const at::Tensor before = run(*encoder);
  for (const std::string name :
       {"encoder.layer.0.attention.self.query.weight", "encoder.layer.1.attention.self.value.bias",
        "encoder.layer.1.output.dense.weight"}) {
    tensors[name] = tensors[name] * 2;
    const at::NoGradGuard no_grad;
    encoder->named_parameters()[name].mul_(2);
    const std::vector<int64_t> a = {2, 145, 146, 3}, b = {2, 147, 3}, zeros(4), three(3);
    const at::Tensor found = encoder->forward(pack_tokens({a, b}, {zeros, three}, at::kCPU));
    EXPECT_GT(largest_difference(found, before), 1e-3) << name;
    EXPECT_LE(largest_difference(found, run()), 1e-5) << name;
  }
}

// --- config.json --------------------------------------------------------------------------------

TEST_F(BertTest, RequiresItsSizes) {
  for (const std::string key : {"vocab_size", "hidden_size", "num_hidden_layers",
                                "num_attention_heads", "intermediate_size"}) {
    const json right = config[key];
    for (const json& wrong :
         {json("32"), json(32.0), json(true), json::array({32}), json::object()}) {
      config[key] = wrong;
      EXPECT_THROWS(LoadError, make(), "config.json: \"" + key + "\": expected an integer");
    }
    for (const int64_t wrong : {int64_t{0}, int64_t{-32}, INT64_MIN}) {
      config[key] = wrong;
      EXPECT_THROWS(LoadError, make(), "\"" + key + "\": expected at least 1, found ");
    }
    for (const json& missing : {json(), json(uint64_t{1} << 63)}) {
      config[key] = missing;
      EXPECT_THROWS(LoadError, make(), "config.json: \"" + key + "\"");
    }
    config[key] = INT64_MAX;
    EXPECT_THROW(make(), LoadError) << key;
    config[key] = right;
  }
}

TEST_F(BertTest, OptionalKeysHaveATypeToo) {
  for (const std::string key : {"max_position_embeddings", "type_vocab_size", "layer_norm_eps",
                                "attention_probs_dropout_prob", "hidden_dropout_prob", "hidden_act",
                                "position_embedding_type"}) {
    const json right = config.value(key, json());
    config[key] = json::array();
    EXPECT_THROWS(LoadError, make(), "config.json: \"" + key + "\": expected ", "found []");
    config[key] = right;
  }
}

TEST_F(BertTest, OptionalKeysHaveDefaults) {
  const at::Tensor wanted = run();
  for (const std::string key : {"type_vocab_size", "layer_norm_eps", "attention_probs_dropout_prob",
                                "hidden_dropout_prob", "hidden_act"}) {
    config.erase(key);
  }
  EXPECT_LE(largest_difference(run(), wanted), 1e-6);
  config.erase("max_position_embeddings");
  EXPECT_THROWS(LoadError, make(), "position_embeddings.weight\": expected shape [512, 32]");
}

TEST_F(BertTest, ConfigAndCheckpointMustFit) {
  const std::vector<std::tuple<std::string, int64_t, std::string>> rows = {
      {"vocab_size", 179, "\"embeddings.word_embeddings.weight\": expected shape [179, 32]"},
      {"hidden_size", 64, "expected shape [178, 64], found [178, 32]"},
      {"intermediate_size", 65, "intermediate.dense.weight\": expected shape [65, 32]"},
      {"max_position_embeddings", 65, "position_embeddings.weight\": expected shape [65, 32]"},
      {"max_position_embeddings", INT64_MAX, "position_embeddings.weight\": expected shape"},
      {"type_vocab_size", 3, "token_type_embeddings.weight\": expected shape [3, 32]"},
      {"num_hidden_layers", 3, "\"encoder.layer.2."},
  };
  for (const auto& [key, value, message] : rows) {
    const json right = config[key];
    config[key] = value;
    EXPECT_THROWS(LoadError, make(), "model.safetensors", message);
    config[key] = right;
  }
}

// What could only give NaN or nonsense is found at loading.
TEST_F(BertTest, NumbersHaveARange) {
  for (const std::string key : {"max_position_embeddings", "type_vocab_size"}) {
    for (const int64_t wrong : {int64_t{0}, int64_t{-1}, INT64_MIN}) {
      const json right = config[key];
      config[key] = wrong;
      EXPECT_THROWS(LoadError, make(), "config.json: \"" + key + "\": expected at least 1, found ");
      config[key] = right;
    }
  }
  for (const std::string key : {"attention_probs_dropout_prob", "hidden_dropout_prob",
                                "classifier_dropout", "layer_norm_eps", "initializer_range"}) {
    const json right = config[key];
    for (const double wrong : {-1.0, -1e-12, 1e300}) {
      config[key] = wrong;
      EXPECT_THROWS(LoadError, make(), "config.json: \"" + key + "\": expected 0.0 to below ");
    }
    config[key] = 0;
    EXPECT_EQ(run().size(0), 7) << key;
    config[key] = right;
  }
  config["hidden_dropout_prob"] = 1;
  EXPECT_THROWS(LoadError, make(), "\"hidden_dropout_prob\": expected 0.0 to below 1.0, found 1.0");
}

TEST_F(BertTest, TooManyLayersAreRefused) {
  config["num_hidden_layers"] = INT64_MAX;
  EXPECT_THROWS(LoadError, make(), "config.json: \"num_hidden_layers\": expected at most 10000");
}

TEST_F(BertTest, HeadsMustDivide) {
  for (const int64_t heads : {3, 5, 33}) {
    config["num_attention_heads"] = heads;
    EXPECT_THROWS(LoadError, make(), "[make_encoder] config.json: \"num_attention_heads\"",
                  std::to_string(heads) + " does not divide hidden_size 32");
  }
}

TEST_F(BertTest, NamesTheArchitecturesThatAreHere) {
  for (const std::string type : {"mamba", "", "BERT"}) {
    config["model_type"] = type;
    EXPECT_THROWS(UnsupportedError, make(), "[make_encoder] config.json: \"model_type\"",
                  "is \"" + type + "\"; known: ", "bert");
  }
  config["model_type"] = 3;
  EXPECT_THROWS(LoadError, make(), "\"model_type\": expected a string");
  config.erase("model_type");
  EXPECT_THROWS(LoadError, make(), "\"model_type\" is missing");
}

TEST_F(BertTest, NamesTheActivationsThatAreHere) {
  config["hidden_act"] = "mish";
  EXPECT_THROWS(UnsupportedError, make(), "[make_encoder] config.json: \"hidden_act\" is \"mish\"",
                "known: ", "gelu_new");
}

TEST_F(BertTest, NamesOtherPositions) {
  config["position_embedding_type"] = "relative_key";
  EXPECT_THROWS(UnsupportedError, make(), "[Bert] config.json: \"position_embedding_type\"",
                "\"relative_key\"; known: absolute");
  config["position_embedding_type"] = "absolute";
  EXPECT_EQ(run().size(0), 7);
}

// --- The checkpoint -----------------------------------------------------------------------------

TEST_F(BertTest, EveryTensorIsNeeded) {
  const Tensors whole = tensors;
  for (const auto& [name, tensor] : whole) {
    if (name.starts_with("pooler.")) continue;
    tensors.erase(name);
    EXPECT_THROWS(LoadError, make(), "model.safetensors", "\"" + name + "\"", "is missing");
    tensors = whole;
  }
}

TEST_F(BertTest, EveryTensorIsChecked) {
  const Tensors whole = tensors;
  for (const auto& [name, tensor] : whole) {
    SCOPED_TRACE(name);
    const std::string start = "model.safetensors: tensor \"" + name + "\": ";
    tensors[name] = tensor.unsqueeze(0);
    EXPECT_THROWS(LoadError, make(), start + "expected shape");
    tensors[name] = tensor.to(at::kInt);
    EXPECT_THROWS(LoadError, make(), start + "expected floating numbers, found int");
    for (const float bad : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
      tensors[name] = tensor.clone();
      tensors[name].view(-1)[1] = bad;
      EXPECT_THROWS(LoadError, make(), start + "holds NaN or infinite numbers");
    }
    tensors[name] = tensor;
  }
}

TEST_F(BertTest, NamesATensorThatItDoesNotKnow) {
  for (const std::string name :
       {"encoder.layer.2.output.dense.weight", "embeddings.extra", "classifier.weight", "poolerx",
        "encoder.layer.0.crossattention.x"}) {
    tensors[name] = at::ones({2});
    EXPECT_THROWS(LoadError, make(), "[make_encoder]", "model.safetensors",
                  "unexpected tensor \"" + name + "\"", "\"bert\" with config.json");
    tensors.erase(name);
  }
  config["num_hidden_layers"] = 1;
  EXPECT_THROWS(LoadError, make(), "unexpected tensor \"encoder.layer.1.");
}

TEST_F(BertTest, WhatIsNotNeededMayBeThereOrNot) {
  const at::Tensor wanted = run();
  tensors["embeddings.position_ids"] = at::arange(64).unsqueeze(0);
  EXPECT_TRUE(at::equal(run(), wanted));
  tensors.erase("pooler.dense.weight");
  tensors.erase("pooler.dense.bias");
  EXPECT_TRUE(at::equal(run(), wanted));
}

class EachPrefix : public BertTest, public testing::WithParamInterface<const char*> {};

TEST_P(EachPrefix, IsFound) {
  const at::Tensor wanted = run();
  const std::string prefix = GetParam();
  put_prefix(prefix);
  EXPECT_TRUE(at::equal(run(), wanted));
  tensors[prefix + "encoder.layer.2.output.dense.weight"] = at::ones({2});
  EXPECT_THROWS(LoadError, make(), "unexpected tensor \"" + prefix + "encoder.layer.2");
  tensors.erase(prefix + "encoder.layer.2.output.dense.weight");
  tensors.erase(prefix + "encoder.layer.1.output.dense.bias");
  EXPECT_THROWS(LoadError, make(), "\"" + prefix + "encoder.layer.1.output.dense.bias\"",
                "missing");
}

TEST_P(EachPrefix, AHeadBesideItIsIgnored) {
  const std::string prefix = GetParam();
  if (prefix.empty()) GTEST_SKIP() << "without a prefix every tensor is the model's";
  const at::Tensor wanted = run();
  put_prefix(prefix);
  tensors["cls.predictions.bias"] = at::ones({178});
  tensors["classifier.weight"] = at::ones({2, 32});
  EXPECT_TRUE(at::equal(run(), wanted));
}

INSTANTIATE_TEST_SUITE_P(Bert, EachPrefix,
                         testing::Values("", "bert.", "auto_model.", "0.auto_model."));

TEST_F(BertTest, AnotherPrefixIsNotFound) {
  put_prefix("model.");
  EXPECT_THROWS(LoadError, make(), "\"embeddings.word_embeddings.weight\" [178, 32] is missing");
}

TEST_F(BertTest, TensorFlowsNamesOfLayerNorm) {
  const at::Tensor wanted = run();
  Tensors renamed;
  for (const auto& [key, tensor] : tensors) {
    std::string name = key;
    for (const auto& [now, old] :
         {std::pair{"LayerNorm.weight", "LayerNorm.gamma"}, {"LayerNorm.bias", "LayerNorm.beta"}}) {
      if (name.ends_with(now)) name.replace(name.size() - std::strlen(now), std::string::npos, old);
    }
    renamed[name] = tensor;
  }
  tensors = renamed;
  ASSERT_TRUE(tensors.count("embeddings.LayerNorm.gamma"));
  EXPECT_TRUE(at::equal(run(), wanted));
}

TEST_F(BertTest, OtherFloatingTypes) {
  const at::Tensor wanted = run();
  for (const auto dtype : {at::kHalf, at::kBFloat16, at::kDouble}) {
    Tensors rounded = tensors, back = tensors;
    for (auto& [name, tensor] : rounded) tensor = tensor.to(dtype);
    for (auto& [name, tensor] : back) tensor = tensor.to(dtype).to(at::kFloat);
    std::swap(tensors, rounded);
    const at::Tensor found = run();
    EXPECT_EQ(found.scalar_type(), at::kFloat);
    tensors = back;
    EXPECT_TRUE(at::equal(found, run()));
    EXPECT_LE(largest_difference(found, wanted), 0.2);
    std::swap(tensors, rounded);
  }
}

// --- Its head -----------------------------------------------------------------------------------

class BertHeadTest : public testing::Test {
 protected:
  Classifier make(std::optional<int64_t> num_labels = std::nullopt) const {
    const fs::path path = dir_.path() / "model.safetensors";
    write_safetensors(path, {tensors.begin(), tensors.end()});
    return make_classifier(Config(config, "config.json"), Weights({SafeTensors::open(path)}),
                           num_labels);
  }
  void erase(const std::string& start) {
    std::erase_if(tensors, [&](const auto& entry) { return entry.first.starts_with(start); });
  }

  json config = golden_json("tiny_cross_labels/config.json");
  Tensors tensors = read_tensors(golden("tiny_cross_labels/model.safetensors"));
  TempDir dir_;
};

TEST_F(BertHeadTest, IsPoolerTanhClassifierOverFirstTokens) {
  const Classifier c = make();
  c.encoder->eval(), c.head->eval();
  const std::vector<int64_t> a = {2, 145, 146, 3}, b = {2, 147, 3}, d = {2, 30, 3}, zeros(4);
  const TokenBatch batch = pack_tokens({a, b, d}, {zeros, zeros, zeros}, at::kCPU);
  const at::NoGradGuard no_grad;
  const at::Tensor hidden = c.encoder->forward(batch);
  const at::Tensor first = hidden.index_select(0, at::tensor({0, 4, 7}));
  const at::Tensor pooled = at::tanh(
      at::linear(first, tensors["bert.pooler.dense.weight"], tensors["bert.pooler.dense.bias"]));
  const at::Tensor wanted =
      at::linear(pooled, tensors["classifier.weight"], tensors["classifier.bias"]);
  EXPECT_LE(largest_difference(c.head->forward(hidden, batch), wanted), 1e-6);
  EXPECT_EQ(c.head->num_labels(), 3);
  EXPECT_EQ(c.prefix, "bert");
  EXPECT_EQ(c.architecture, "BertForSequenceClassification");
}

TEST_F(BertHeadTest, CountsLabelsAsPython) {
  config.erase("label2id");
  for (const auto& [changes, labels] : std::vector<std::pair<json, int64_t>>{
           {{{"id2label", {{"0", "x"}}}}, 1},
           {{{"id2label", {{"0", "x"}, {"1", "y"}}}, {"num_labels", 3}}, 3},
           {{{"id2label", nullptr}}, 2},
           {{{"id2label", nullptr}, {"architectures", {"BertModel"}}}, 1},
           {{{"id2label", nullptr}, {"architectures", nullptr}}, 1}}) {
    json changed = config;
    changed.update(changes);
    EXPECT_EQ(count_labels(Config(changed, "config.json")), labels) << changes;
  }
}

TEST_F(BertHeadTest, EveryTensorIsNeeded) {
  const Tensors whole = tensors;
  for (const auto& [name, tensor] : whole) {
    tensors.erase(name);
    EXPECT_THROW(make(), Error) << name;
    tensors[name] = tensor.unsqueeze(0);
    EXPECT_THROWS(LoadError, make(), "\"" + name + "\": expected shape");
    tensors = whole;
  }
  tensors["dropout.weight"] = at::ones({2});
  EXPECT_THROWS(LoadError, make(), "unexpected tensor \"dropout.weight\"");
}

TEST_F(BertHeadTest, AClassifierNeedsItsPooler) {
  erase("bert.pooler.");  // BertForTokenClassification's
  EXPECT_THROWS(LoadError, make(), "[CrossEncoder]",
                "model.safetensors has a classifier and no pooler");
}

TEST_F(BertHeadTest, ANewOneIsDrawn) {
  erase("classifier.");
  EXPECT_THROWS(UnsupportedError, make(), "[CrossEncoder]", "\"classifier.weight\"",
                "set num_labels");
  config["initializer_range"] = 0.5;
  const auto parameters = make(40).head->named_parameters();
  EXPECT_EQ(parameters["classifier.weight"].sizes(), (at::IntArrayRef{40, 30}));
  EXPECT_NEAR(parameters["classifier.weight"].std().item<float>(), 0.5, 0.05);
  EXPECT_NEAR(parameters["classifier.weight"].mean().item<float>(), 0, 0.05);
  EXPECT_TRUE(at::equal(parameters["classifier.bias"], at::zeros({40})));

  erase("bert.pooler.");
  const Classifier c = make(2);
  EXPECT_EQ(c.encoder->named_parameters()["pooler.dense.weight"].sizes(),
            (at::IntArrayRef{30, 30}));
}

TEST_F(BertHeadTest, AnotherHeadBesideANewOneIsIgnored) {
  erase("classifier.");
  tensors["cls.predictions.bias"] = at::ones({178});
  EXPECT_EQ(make(2).head->num_labels(), 2);
}

TEST_F(BertHeadTest, NumbersOfLabelsAreChecked) {
  EXPECT_THROWS(std::invalid_argument, make(0), "[CrossEncoder] num_labels is 0");
  EXPECT_THROWS(std::invalid_argument, make(2), "[CrossEncoder] num_labels is 2", "has 3");
  EXPECT_EQ(make(3).head->num_labels(), 3);
}

TEST_F(BertHeadTest, DropoutIsTheClassifiersOwn) {
  const auto probability = [&] {
    for (const auto& part : make().head->modules()) {
      if (const auto* dropout = dynamic_cast<const Dropout*>(part.get()))
        return dropout->probability;
    }
    return -1.0;
  };
  EXPECT_EQ(probability(), 0.1);
  config["hidden_dropout_prob"] = 0.3;
  EXPECT_EQ(probability(), 0.3);
  config["classifier_dropout"] = 0.2;
  EXPECT_EQ(probability(), 0.2);
}

}  // namespace
}  // namespace sentence_transformers
