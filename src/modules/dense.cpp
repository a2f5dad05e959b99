#include "modules/dense.h"

#include <sentence_transformers/error.h>

#include <map>

#include "core/checkpoint.h"
#include "core/quoted.h"
#include "modules/module_config.h"

namespace sentence_transformers {
namespace {

constexpr const char* kSentence = "sentence_embedding";
constexpr const char* kTokens = "token_embeddings";

/// Python's class of the activation, whatever its module: "torch.nn.modules.activation.Tanh".
Activation read_activation(const Config& config) {
  static const std::map<std::string, Activation> known = {{"GELU", Activation::gelu},
                                                          {"Identity", Activation::none},
                                                          {"ReLU", Activation::relu},
                                                          {"SiLU", Activation::silu},
                                                          {"Tanh", Activation::tanh}};
  const auto type = config.get<std::string>("activation_function", "torch.nn.Tanh");
  const auto found = known.find(type.substr(type.rfind('.') + 1));
  if (found != known.end() && type.starts_with("torch.nn.")) return found->second;
  std::string names;
  for (const auto& [name, value] : known) names += (names.empty() ? "" : ", ") + name;
  throw UnsupportedError("[Dense] " + config.name("activation_function") + " is " +
                         in_quotes(type) + "; known of torch.nn: " + names);
}

/// Is it token_embeddings that a key names? Throws UnsupportedError for a name that is neither.
bool names_tokens(const Config& config, const std::string& key, const std::string& fallback) {
  const auto name = config.get<std::string>(key, fallback);
  if (name != kSentence && name != kTokens) {
    throw UnsupportedError("[Dense] " + config.name(key) + " is \"" + name.substr(0, 100) +
                           "\"; known: " + kSentence + ", " + kTokens);
  }
  return name == kTokens;
}

}  // namespace

Dense::Dense(const std::filesystem::path& folder, const FeatureSizes& sizes)
    : config_(Config::read(folder / "config.json")),
      in_features_(config_.require_at_least("in_features", 1)),
      out_features_(config_.require_at_least("out_features", 1)),
      of_tokens_(names_tokens(config_, "module_input_name", kSentence)),
      use_residual_(config_.get<bool>("use_residual", false)),
      activation_(read_activation(config_)) {
  const std::string input = of_tokens_ ? kTokens : kSentence;
  if (names_tokens(config_, "module_output_name", input) != of_tokens_) {
    throw UnsupportedError("[Dense] " + config_.name("module_output_name") + ": expected \"" +
                           input + "\", what it reads");
  }
  const int64_t given = of_tokens_ ? sizes.token_embeddings : sizes.sentence_embedding;
  if (given == 0) {
    throw LoadError(
        "[Dense] " + folder.string() + ": expected a " +
        (of_tokens_ ? "module before it that embeds tokens" : "Pooling module before it"));
  }
  check_input_size(config_, "in_features", given, "Dense");
  const Weights weights = open_weights(folder, "Dense");
  linear_ = register_module(
      "linear", std::make_shared<Projection>(weights / "linear", in_features_, out_features_,
                                             config_.get<bool>("bias", true)));
  product_ = register_module("product", std::make_shared<Linear>(linear_));
  if (use_residual_ && in_features_ != out_features_) {
    residual_ = register_module(
        "residual",
        std::make_shared<Projection>(weights / "residual", in_features_, out_features_, false));
  }
}

at::Tensor Dense::apply(const at::Tensor& x) const {
  const at::Tensor y = product_->forward(x, activation_);
  if (!use_residual_) return y;
  return y + (residual_ ? residual_->forward(x) : x);
}

void Dense::forward(Features& features) const {
  at::Tensor& x = of_tokens_ ? features.token_embeddings : features.sentence_embedding;
  x = apply(x);
}

void Dense::write(const std::filesystem::path& folder) const {
  write_json(folder / "config.json", config_.json());
  save_parameters(folder);
}

}  // namespace sentence_transformers
