#include "modules/weighted_layer_pooling.h"

#include <ATen/ATen.h>
#include <sentence_transformers/error.h>

#include "core/checkpoint.h"
#include "modules/module_config.h"

namespace sentence_transformers {

WeightedLayerPooling::WeightedLayerPooling(const std::filesystem::path& folder,
                                           const FeatureSizes& sizes)
    : size_(sizes.token_embeddings) {
  const Config config = Config::read(folder / "config.json");
  check_keys(
      config,
      {"embedding_dimension", "word_embedding_dimension", "layer_start", "num_hidden_layers"},
      "WeightedLayerPooling");
  check_input_size(config, present_key(config, "embedding_dimension", "word_embedding_dimension"),
                   size_, "WeightedLayerPooling");
  num_hidden_layers_ = config.get_at_least("num_hidden_layers", 12, 0);
  layer_start_ = config.get_at_least("layer_start", 4, 0);
  const int64_t count = num_hidden_layers_ + 1 - layer_start_;
  if (count < 1) {
    throw LoadError("[WeightedLayerPooling] " + config.name("layer_start") + ": expected at most " +
                    std::to_string(num_hidden_layers_) + ", found " + std::to_string(layer_start_));
  }
  const Weights weights = open_weights(folder, "WeightedLayerPooling");
  layer_weights_ = register_parameter("layer_weights", weights.get("layer_weights", {count}));
}

void WeightedLayerPooling::forward(Features& features) const {
  if (!features.layers) return;
  const auto found = static_cast<int64_t>(features.layers->size());
  if (found != num_hidden_layers_ + 1) {
    throw UnsupportedError("[WeightedLayerPooling] expected an encoder of " +
                           std::to_string(num_hidden_layers_) + " layers, found " +
                           std::to_string(found - 1));
  }
  at::Tensor sum;
  for (int64_t i = layer_start_; i < found; ++i) {
    const at::Tensor weighted =
        (*features.layers)[static_cast<size_t>(i)] * layer_weights_[i - layer_start_];
    sum = sum.defined() ? sum + weighted : weighted;
  }
  features.token_embeddings = sum / layer_weights_.sum();
}

void WeightedLayerPooling::write(const std::filesystem::path& folder) const {
  write_json(folder / "config.json", {{"word_embedding_dimension", size_},
                                      {"layer_start", layer_start_},
                                      {"num_hidden_layers", num_hidden_layers_}});
  save_parameters(folder);
}

}  // namespace sentence_transformers
