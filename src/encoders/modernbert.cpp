// ModernBERT (Warner et al., 2024), as transformers 5.23 computes it in
// models/modernbert/modeling_modernbert.py: norms before, rotary positions, gated feed-forward
// networks, and windows in most layers.
#include <sentence_transformers/error.h>

#include "core/quoted.h"
#include "encoders/architecture.h"
#include "encoders/heads.h"
#include "encoders/layer_types.h"
#include "encoders/transformer_encoder.h"

namespace sentence_transformers {
namespace {

NormConfig read_norm(const Config& config) {
  return {.eps = config.get_below("norm_eps", 1e-5, 0, 1e6),
          .bias = config.get<bool>("norm_bias", false)};
}

/// Tokens to each side that a token of a sliding layer sees.
int64_t read_window(const Config& config) {
  if (config.has("sliding_window")) return config.require_at_least("sliding_window", 1);
  return config.get<int64_t>("local_attention", 128) / 2;
}

std::shared_ptr<Encoder> make_modernbert(const Config& config, const Weights& weights) {
  const CommonSizes sizes(config);
  LayerConfig layer = bert_layer(config, sizes);
  layer.norm_place = NormPlace::before;
  layer.norm = read_norm(config);
  layer.query_key_value_bias = layer.attention_output_bias =
      config.get<bool>("attention_bias", false);
  layer.intermediate_bias = layer.output_bias = config.get<bool>("mlp_bias", false);
  layer.gated = true;
  layer.activation = parse_activation(config.get<std::string>("hidden_activation", "gelu"),
                                      "[ModernBert] " + config.name("hidden_activation"));
  layer.attention_dropout = layer.attention_output_dropout =
      config.get_below("attention_dropout", 0, 0, 1);
  layer.intermediate_dropout = config.get_below("mlp_dropout", 0, 0, 1);
  layer.output_dropout = 0;
  layer.names = {.query_key_value = {"attn.Wqkv"},
                 .attention_output = "attn.Wo",
                 .attention_norm = "attn_norm",
                 .intermediate = {"mlp.Wi"},
                 .output = "mlp.Wo",
                 .output_norm = "mlp_norm"};

  TransformerConfig modernbert;
  modernbert.hidden_size = sizes.hidden_size;
  modernbert.max_positions = config.get_at_least("max_position_embeddings", 8192, 1);
  modernbert.embeddings = {.vocab_size = sizes.vocab_size,
                           .size = sizes.hidden_size,
                           .words = "embeddings.tok_embeddings",
                           .norm = "embeddings.norm",
                           .norm_config = layer.norm,
                           .dropout = config.get_below("embedding_dropout", 0, 0, 1)};
  const auto every = config.get<int64_t>("global_attn_every_n_layers", 3);
  if (every < 1) {
    throw LoadError("[ModernBert] " + config.name("global_attn_every_n_layers") +
                    ": expected at least 1, found " + std::to_string(every));
  }
  const auto types =
      read_layer_types(config, sizes.layers, [&](int64_t i) { return i % every == 0; });
  const int64_t head_size = layer.attention.head_size;
  const auto global = read_rotary(config, head_size, kFullAttention, "global_rope_theta", 160000);
  const auto local = read_rotary(config, head_size, kSlidingAttention, "local_rope_theta", 10000);
  for (int64_t i = 0; i < sizes.layers; ++i) {
    LayerConfig own = layer;
    const bool slides = types[static_cast<size_t>(i)] == kSlidingAttention;
    own.rotary = slides ? local : global;
    if (slides) own.attention.left = own.attention.right = read_window(config);
    if (i == 0) own.names.attention_norm = "";  // the embeddings are normalized already
    modernbert.layers.emplace_back("layers." + std::to_string(i), own);
  }
  modernbert.final_norm = "final_norm";
  modernbert.final_norm_config = layer.norm;
  return std::make_shared<TransformerEncoder>(std::move(modernbert), weights);
}

std::shared_ptr<ClassificationHead> make_modernbert_head(const HeadSource& source) {
  const Config& config = source.config;
  const auto pooling = config.get<std::string>("classifier_pooling", "cls");
  if (pooling != "cls" && pooling != "mean") {
    throw UnsupportedError("[ModernBert] " + config.name("classifier_pooling") + " is " +
                           in_quotes(pooling) + "; known: cls, mean");
  }
  return make_head(
      source,
      {.pooling = pooling == "cls" ? HeadConfig::Pooling::first : HeadConfig::Pooling::mean,
       .dropout = config.get_below("classifier_dropout", 0, 0, 1),
       .dense = "head.dense",
       .dense_bias = config.get<bool>("classifier_bias", false),
       .activation = parse_activation(config.get<std::string>("classifier_activation", "gelu"),
                                      "[ModernBert] " + config.name("classifier_activation")),
       .norm = "head.norm",
       .norm_config = read_norm(config)});
}

LanguageHeadConfig modernbert_language_head(const Config& config) {
  return {.dense = "head.dense",
          .dense_bias = config.get<bool>("classifier_bias", false),
          .activation = parse_activation(config.get<std::string>("classifier_activation", "gelu"),
                                         "[ModernBert] " + config.name("classifier_activation")),
          .norm = "head.norm",
          .norm_config = read_norm(config),
          .decoder = "decoder",
          .decoder_bias = config.get<bool>("decoder_bias", true)};
}

}  // namespace

const Architecture kModernBert = {
    .model_types = {{"modernbert", "ModernBertForSequenceClassification", nullptr,
                     "ModernBertForMaskedLM"}},
    .prefix = "model",
    .probe = "embeddings.tok_embeddings",
    .optional = {},
    .make = make_modernbert,
    .head_probe = "classifier.weight",
    .make_head = make_modernbert_head,
    .language_head = modernbert_language_head,
};

}  // namespace sentence_transformers
