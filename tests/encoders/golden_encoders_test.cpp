// Every architecture against transformers' own class: tiny random models, text by text, with hidden
// states, logits and gradients. tests/golden/make_encoders.py makes the files.
#include <ATen/ATen.h>

#include "encoders/encoder.h"
#include "nn/layers.h"
#include "nn/packing.h"
#include "support.h"

namespace sentence_transformers {
namespace {

using namespace test;
using nlohmann::json;

struct Case {
  std::string model_type;
  std::string name;       // of the folder
  std::string variation;  // or ""
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
  return out << c.name << (c.variation.empty() ? "" : "_" + c.variation);
}

json describe(const Case& c) {
  const json file = golden_json("encoders/" + c.model_type + ".json");
  for (const json& configuration : file["configurations"]) {
    if (configuration["name"] == c.name) return configuration;
  }
  throw std::runtime_error("no configuration " + c.name);
}

/// All configurations and variations of the architectures here.
std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const char* type :
       {"albert",     "bert",        "camembert",  "deberta-v2", "distilbert", "electra",
        "eurobert",   "gemma3_text", "gte",        "jina_bert",  "llama",      "mistral",
        "modernbert", "mpnet",       "new",        "nomic_bert", "qwen2",      "qwen3",
        "roberta",    "t5",          "xlm-roberta"}) {
    const json file = golden_json("encoders/" + std::string(type) + ".json");
    for (const json& c : file["configurations"]) {
      cases.push_back({type, c["name"], ""});
      for (const json& v : c["variations"]) cases.push_back({type, c["name"], v["name"]});
    }
  }
  return cases;
}

class GoldenEncoders : public testing::TestWithParam<Case> {
 protected:
  GoldenEncoders()
      : description(describe(GetParam())),
        folder(golden("encoders/" + GetParam().name)),
        results(SafeTensors::open(golden("encoders/" + GetParam().model_type + ".safetensors"))) {
    json content = golden_json("encoders/" + GetParam().name + "/config.json");
    start = GetParam().name + "/";
    for (size_t i = 0; i < description["texts"].size(); ++i) texts.push_back(i);
    if (!GetParam().variation.empty()) {
      for (const json& v : description["variations"]) {
        if (v["name"] != GetParam().variation) continue;
        for (const auto& [key, value] : v["set"].items()) content[key] = value;
        for (const json& key : v["remove"]) content.erase(key.get<std::string>());
        texts = v["texts"].get<std::vector<size_t>>();
      }
      start += GetParam().variation + "/";
    }
    config = std::make_unique<Config>(content, folder / "config.json");
  }

  Weights weights() const { return Weights({SafeTensors::open(folder / "model.safetensors")}); }

  /// The texts, equal lengths side by side; `order` is which text stands where.
  TokenBatch pack(std::vector<size_t>& order) const {
    order = texts;
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      return description["texts"][a].size() > description["texts"][b].size();
    });
    std::vector<std::vector<int64_t>> ids, types;
    for (const size_t i : order) {
      ids.push_back(description["texts"][i].get<std::vector<int64_t>>());
      const json& type_ids = description["type_ids"];
      types.push_back(type_ids.is_null() || type_ids[i].is_null()
                          ? std::vector<int64_t>(ids.back().size())
                          : type_ids[i].get<std::vector<int64_t>>());
    }
    return pack_tokens(ids, types, at::kCPU);
  }

  /// Relative to the largest value, which random weights make as large as 10.
  static void expect_near(const at::Tensor& found, const at::Tensor& wanted, double tolerance) {
    const double size = std::max(1.0, wanted.abs().max().item<double>());
    EXPECT_LE(largest_difference(found, wanted), tolerance * size);
  }

  void expect_last_hidden(const at::Tensor& found, const std::vector<size_t>& order,
                          double tolerance) const {
    int64_t row = 0;
    for (const size_t i : order) {
      SCOPED_TRACE("text " + std::to_string(i));
      const at::Tensor wanted = results.get(start + "text" + std::to_string(i) + "/last_hidden");
      expect_near(found.narrow(0, row, wanted.size(0)), wanted, tolerance);
      row += wanted.size(0);
    }
  }

  /// Rounding differences grow in this one: Python's own float32 is 1.1e-5 of the largest value
  /// away from its float64.
  double tolerance() const { return GetParam().name == "modernbert_old" ? 3e-5 : 1e-5; }

  json description;
  fs::path folder;
  SafeTensors results;
  std::string start;  // of the results' names
  std::vector<size_t> texts;
  std::unique_ptr<Config> config;
};

TEST_P(GoldenEncoders, LastHiddenStatesEqualPythons) {
  const auto encoder = make_encoder(*config, weights());
  encoder->eval();
  std::vector<size_t> order;
  const TokenBatch batch = pack(order);
  for (const bool packed : {false, true}) {
    SCOPED_TRACE(packed ? "packed" : "plain");
    if (packed) pack_weights(*encoder, {}, [] {});
    const c10::InferenceMode inference;
    expect_last_hidden(encoder->forward(batch), order, tolerance());
  }
}

TEST_P(GoldenEncoders, FirstTokensAloneAreTheSame) {
  std::vector<size_t> order;
  TokenBatch batch = pack(order);
  const c10::InferenceMode inference;
  const auto compare = [&](const ComputeType& compute, bool packed, double tolerance) {
    const auto encoder = make_encoder(*config, weights());
    encoder->eval();
    if (packed) pack_weights(*encoder, compute, [] {});
    batch.first_alone = false;
    const at::Tensor wanted = first_tokens(encoder->forward(batch), batch.groups).clone();
    batch.first_alone = true;
    const at::Tensor found = encoder->forward(batch);
    ASSERT_EQ(found.size(0), batch.ids.size(0));
    expect_near(first_tokens(found, batch.groups), wanted, tolerance);
  };
  compare({}, false, 1e-6);
  compare({}, true, 1e-6);
  if (kernels::best()) compare({at::kFloat, Quantization::int8}, true, 1e-6);
}

TEST_P(GoldenEncoders, HiddenStatesOfEachLayerEqualPythons) {
  if (!GetParam().variation.empty()) return;
  const auto encoder = make_encoder(*config, weights());
  encoder->eval();
  pack_weights(*encoder, {}, [] {});
  const auto text = description["hidden_states_text"].get<size_t>();
  texts = {text};
  std::vector<size_t> order;
  std::vector<at::Tensor> layers;
  const at::NoGradGuard no_grad;
  encoder->forward(pack(order), &layers);
  size_t i = 0;
  for (;; ++i) {
    const std::string name =
        start + "text" + std::to_string(text) + "/hidden_states." + std::to_string(i);
    if (!results.contains(name)) break;
    ASSERT_LT(i, layers.size());
    SCOPED_TRACE(name);
    expect_near(layers[i], results.get(name), 1e-5);
  }
  EXPECT_EQ(i, layers.size());
}

TEST_P(GoldenEncoders, LogitsEqualPythons) {
  const std::string name = start + "text" + std::to_string(texts[0]) + "/logits";
  if (!results.contains(name) || results.get(name).dim() != 1) return;
  const auto [encoder, head, prefix, architecture] = make_classifier(*config, weights(), {});
  encoder->eval();
  head->eval();
  pack_weights(*encoder, {}, [] {});
  pack_weights(*head, {}, [] {});
  std::vector<size_t> order;
  const TokenBatch batch = pack(order);
  const at::NoGradGuard no_grad;
  const at::Tensor logits = head->forward(encoder->forward(batch), batch);
  for (size_t i = 0; i < order.size(); ++i) {
    SCOPED_TRACE("text " + std::to_string(order[i]));
    expect_near(logits[static_cast<int64_t>(i)],
                results.get(start + "text" + std::to_string(order[i]) + "/logits"), 1e-5);
  }
  std::string name_of_class = description["class"];
  if (name_of_class.starts_with("Jina")) name_of_class.erase(0, 4);  // whose model_type is "bert"
  EXPECT_EQ(architecture, name_of_class);
}

TEST_P(GoldenEncoders, GradientsEqualPythons) {
  if (!description.value("gradients", false) || !GetParam().variation.empty()) return;
  for (const bool checkpointing : {false, true}) {
    SCOPED_TRACE(checkpointing ? "gradient checkpointing" : "");
    const auto encoder = make_encoder(*config, weights());
    encoder->train();
    encoder->gradient_checkpointing = checkpointing;
    for (const auto& module : encoder->modules()) {
      if (auto* dropout = dynamic_cast<Dropout*>(module.get())) dropout->probability = 0;
    }
    std::vector<size_t> order;
    const TokenBatch batch = pack(order);
    const at::Tensor means = mean_tokens(encoder->forward(batch), batch);
    std::vector<int64_t> rows(order.begin(), order.end());
    const at::Tensor directions =
        results.get(start + "loss_weights").index_select(0, at::tensor(rows, at::kLong));
    const at::Tensor loss = (means * directions).sum();
    expect_near(loss.detach(), results.get(start + "loss")[0], 1e-5);
    loss.backward();
    std::map<std::string, at::Tensor> found;
    for (const auto& p : encoder->named_parameters()) {
      if (p.value().grad().defined()) found[p.key()] = p.value().grad();
    }
    size_t compared = 0;
    const std::string gradients = start + "gradient/";
    for (const std::string& name : results.names()) {
      if (!name.starts_with(gradients)) continue;
      std::string parameter = name.substr(gradients.size());
      // Behind the class's prefix, if it has one.
      while (!found.count(parameter) && parameter.find('.') != parameter.npos) {
        parameter = parameter.substr(parameter.find('.') + 1);
      }
      SCOPED_TRACE(name);
      at::Tensor wanted = results.get(name);
      if (!found.count(parameter)) {  // what no text reaches, such as a pooler
        EXPECT_EQ(wanted.abs().max().item<double>(), 0);
        continue;
      }
      at::Tensor gradient = found[parameter];
      if (parameter.find("embed") != parameter.npos && gradient.dim() == 2) {
        // Python gives the padding token's rows no gradient.
        const at::Tensor reached = wanted.abs().sum(1).gt(0);
        gradient = gradient * reached.unsqueeze(1);
      }
      expect_near(gradient, wanted, 2e-5);
      ++compared;
    }
    EXPECT_GT(compared, 10u);
  }
}

TEST_P(GoldenEncoders, HalfAndByteProductsStayClose) {
  if (!GetParam().variation.empty()) return;
  std::vector<size_t> order;
  const TokenBatch batch = pack(order);
  const auto run = [&](const ComputeType& compute) {
    const auto encoder = make_encoder(*config, weights());
    encoder->eval();
    pack_weights(*encoder, compute, [] {});
    const c10::InferenceMode inference;
    return mean_tokens(encoder->forward(batch), batch).to(at::kFloat);
  };
  const at::Tensor exact = run({});
  EXPECT_GE(at::cosine_similarity(run({at::kBFloat16}), exact).min().item<double>(), 0.999);
  if (!kernels::best()) GTEST_SKIP() << "no kernels for int8";
  EXPECT_GE(
      at::cosine_similarity(run({at::kFloat, Quantization::int8}), exact).min().item<double>(),
      0.98);
}

INSTANTIATE_TEST_SUITE_P(Encoders, GoldenEncoders, testing::ValuesIn(all_cases()),
                         [](const auto& info) {
                           return info.param.name +
                                  (info.param.variation.empty() ? "" : "_" + info.param.variation);
                         });

}  // namespace
}  // namespace sentence_transformers
