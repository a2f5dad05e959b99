#include "encoders/transformer_encoder.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <sentence_transformers/error.h>

#include <algorithm>
#include <cmath>

namespace sentence_transformers {
namespace {

/// Rows [N, D] as those of the first tokens of [T, D], whose others are 0.
at::Tensor in_first_places(const at::Tensor& rows, const TokenBatch& batch) {
  std::vector<int64_t> places;
  for (const LengthGroup& g : batch.groups) {
    for (int64_t i = 0; i < g.count; ++i) places.push_back(g.offset + i * g.length);
  }
  const at::Tensor index = at::tensor(places, at::kLong).to(rows.device());
  return at::zeros({batch.ids.size(0), rows.size(1)}, rows.options()).index_copy_(0, index, rows);
}

}  // namespace

void TransformerConfig::add_layers(const std::string& name, const LayerConfig& layer,
                                   int64_t count) {
  for (int64_t i = 0; i < count; ++i) layers.emplace_back(name + "." + std::to_string(i), layer);
}

TransformerEncoder::TransformerEncoder(TransformerConfig config, const Weights& weights)
    : config_(std::move(config)), embeddings_(config_.embeddings, weights, *this) {
  std::vector<std::shared_ptr<TransformerLayer>> layers;
  for (const auto& [name, layer] : config_.layers) {
    layers.push_back(add(name, std::make_shared<TransformerLayer>(layer, weights / name)));
  }
  for (const auto& [name, module] : config_.shared) add(name, module);
  for (const size_t i : config_.order) layers_.push_back(layers[i]);
  if (config_.order.empty()) layers_ = std::move(layers);
  if (!config_.final_norm.empty()) {
    final_norm_ =
        add_norm(config_.final_norm, weights, config_.hidden_size, config_.final_norm_config);
  }
  final_dropout_ = add_dropout("final_dropout", config_.final_dropout);
  if (!config_.pooler.empty() && weights.contains(config_.pooler)) {
    pooler_ = add_projection(config_.pooler, weights, config_.hidden_size, config_.hidden_size);
  }
}

at::Tensor TransformerEncoder::forward(const TokenBatch& batch,
                                       std::vector<at::Tensor>* layers) const {
  // A layer may stand at several places in the order.
  const bool first_alone = batch.first_alone && !layers && !at::GradMode::is_enabled() &&
                           layers_.back()->is_by_token() &&
                           std::count(layers_.begin(), layers_.end(), layers_.back()) == 1;
  if (first_alone) return in_first_places(run(batch, layers, true), batch);
  return run(batch, layers, false);
}

at::Tensor TransformerEncoder::run(const TokenBatch& batch, std::vector<at::Tensor>* layers,
                                   bool first_alone) const {
  Residual last = run_layers(layers_, embeddings_.forward(batch), batch, gradient_checkpointing,
                             layers, first_alone);
  if (!final_norm_) return last.sum();
  const at::Tensor normalized = final_dropout_->forward(
      last.pending.defined() ? final_norm_->forward_add(last.pending, last.x)
                             : final_norm_->forward(last.x));
  if (layers) layers->back() = normalized;  // as Python counts hidden states
  return normalized;
}

std::shared_ptr<Projection> TransformerEncoder::pooler(double deviation) {
  if (!pooler_) {
    pooler_ = add(config_.pooler, std::make_shared<Projection>(config_.hidden_size,
                                                               config_.hidden_size, deviation));
  }
  return pooler_;
}

CommonSizes::CommonSizes(const Config& config)
    : vocab_size(config.require_at_least("vocab_size", 1)),
      hidden_size(config.require_at_least("hidden_size", 1)),
      layers(read_layer_count(config, "num_hidden_layers")),
      heads(config.require_at_least("num_attention_heads", 1)),
      intermediate_size(config.require_at_least("intermediate_size", 1)) {}

int64_t read_layer_count(const Config& config, const std::string& key) {
  constexpr int64_t kMost = 10'000;
  const int64_t layers = config.require_at_least(key, 1);
  if (layers > kMost) {
    throw LoadError("[make_encoder] " + config.name(key) + ": expected at most " +
                    std::to_string(kMost) + ", found " + std::to_string(layers));
  }
  return layers;
}

double attention_scale(int64_t head_size) {
  return 1.0 / std::sqrt(static_cast<double>(head_size));
}

int64_t divide_heads(const Config& config, const CommonSizes& sizes) {
  if (sizes.hidden_size % sizes.heads != 0) {
    throw LoadError("[make_encoder] " + config.name("num_attention_heads") + ": " +
                    std::to_string(sizes.heads) + " does not divide hidden_size " +
                    std::to_string(sizes.hidden_size));
  }
  return sizes.hidden_size / sizes.heads;
}

LayerConfig bert_layer(const Config& config, const CommonSizes& sizes) {
  const int64_t head_size = divide_heads(config, sizes);
  LayerConfig layer;
  layer.hidden_size = sizes.hidden_size;
  layer.intermediate_size = sizes.intermediate_size;
  layer.attention = {.heads = sizes.heads,
                     .key_value_heads = sizes.heads,
                     .head_size = head_size,
                     .scale = attention_scale(head_size)};
  layer.norm = {.eps = config.get_below("layer_norm_eps", 1e-12, 0, 1e6)};
  layer.activation = parse_activation(config.get<std::string>("hidden_act", "gelu"),
                                      "[make_encoder] " + config.name("hidden_act"));
  layer.attention_dropout = config.get_below("attention_probs_dropout_prob", 0.1, 0, 1);
  layer.attention_output_dropout = layer.output_dropout =
      config.get_below("hidden_dropout_prob", 0.1, 0, 1);
  config.get_below("classifier_dropout", 0, 0, 1);  // what a head reads is checked here, too
  config.get_below("initializer_range", 0.02, 0, 1e6);
  layer.names = {
      .query_key_value = {"attention.self.query", "attention.self.key", "attention.self.value"},
      .attention_output = "attention.output.dense",
      .attention_norm = "attention.output.LayerNorm",
      .intermediate = {"intermediate.dense"},
      .output = "output.dense",
      .output_norm = "output.LayerNorm"};
  return layer;
}

EmbeddingsConfig bert_embeddings(const Config& config, const LayerConfig& layer, int64_t size,
                                 int64_t token_types) {
  return {.vocab_size = config.require_at_least("vocab_size", 1),
          .size = size,
          .words = "embeddings.word_embeddings",
          .positions = "embeddings.position_embeddings",
          .position_count = config.get_at_least("max_position_embeddings", 512, 1),
          .token_types = token_types > 0 ? "embeddings.token_type_embeddings" : "",
          .token_type_count = token_types,
          .norm = "embeddings.LayerNorm",
          .norm_config = layer.norm,
          .dropout = layer.output_dropout,
          .hidden_size = layer.hidden_size};
}

}  // namespace sentence_transformers
