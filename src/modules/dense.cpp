#include "modules/dense.h"

#include <ATen/ATen.h>
#include <sentence_transformers/error.h>

#include <map>

#include "core/checkpoint.h"
#include "core/quoted.h"
#include "modules/module_config.h"

namespace sentence_transformers {
namespace {

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

}  // namespace

Dense::Dense(const std::filesystem::path& folder, const FeatureSizes& sizes)
    : Dense(Config::read(folder / "config.json"), sizes, open_weights(folder, "Dense")) {}

Dense::Dense(const Config& config, const FeatureSizes& sizes, const std::optional<Weights>& weights)
    : config_(config),
      in_features_(config_.require_at_least("in_features", 1)),
      out_features_(config_.require_at_least("out_features", 1)),
      of_tokens_(works_on_tokens(config_, "Dense") || sizes.multi_vector),
      use_residual_(config_.get<bool>("use_residual", false)),
      activation_(read_activation(config_)) {
  check_embeddings(config_.file().parent_path(), sizes, of_tokens_, "Dense");
  check_input_size(config_, "in_features",
                   of_tokens_ ? sizes.token_embeddings : sizes.sentence_embedding, "Dense");
  const bool has_bias = config_.get<bool>("bias", true);
  linear_ = register_module(
      "linear", weights ? std::make_shared<Projection>(*weights / "linear", in_features_,
                                                       out_features_, has_bias)
                        : new_projection(in_features_, out_features_, has_bias));
  product_ = register_module("product", std::make_shared<Linear>(linear_));
  if (use_residual_ && in_features_ != out_features_) {
    residual_ = register_module(
        "residual", weights ? std::make_shared<Projection>(*weights / "residual", in_features_,
                                                           out_features_, false)
                            : new_projection(in_features_, out_features_, false));
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
  nlohmann::ordered_json config = config_.json();
  if (of_tokens_) config["module_input_name"] = config["module_output_name"] = "token_embeddings";
  write_json(folder / "config.json", config);
  save_parameters(folder);
}

}  // namespace sentence_transformers
