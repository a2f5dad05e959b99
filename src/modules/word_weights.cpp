#include "modules/word_weights.h"

#include <ATen/ATen.h>

#include "core/config_lists.h"
#include "modules/module_config.h"

namespace sentence_transformers {
namespace {

/// Holds the parameter by the name that Python's nn.Embedding gives it.
struct EmbeddingLayer : torch::nn::Module {
  explicit EmbeddingLayer(const at::Tensor& weights) { register_parameter("weight", weights); }
};

}  // namespace

WordWeights::WordWeights(const std::filesystem::path& folder)
    : config_(Config::read(folder / "config.json")) {
  check_keys(config_, {"vocab", "word_weights", "unknown_word_weight"}, "WordWeights");
  const std::vector<float> weights = word_weights(config_, require_strings(config_, "vocab"));
  auto layer = std::make_shared<EmbeddingLayer>(at::tensor(weights, at::kFloat).unsqueeze(1));
  weight_ = layer->named_parameters()["weight"];
  register_module("emb_layer", std::move(layer));
}

void WordWeights::forward(Features& features) const {
  const TokenBatch& batch = features.batch;
  const at::Tensor weights = at::embedding(weight_, batch.ids);  // [T, 1]
  std::vector<at::Tensor> sums;
  for (const LengthGroup& g : batch.groups) {
    sums.push_back(
        weights.narrow(0, g.offset, g.count * g.length).view({g.count, g.length}).sum(1));
  }
  features.token_weights_sum = at::cat(sums);
  features.token_embeddings = features.token_embeddings * weights;
}

void WordWeights::write(const std::filesystem::path& folder) const {
  write_json(folder / "config.json", config_.json());
  save_parameters(folder);
}

}  // namespace sentence_transformers
