// T5's encoder (Raffel et al., 2020), as transformers 5.23 computes it in models/t5/modeling_t5.py:
// no positions but a learned bias for distances, shared by all layers, RMSNorm before each part, no
// biases, scores that are not scaled.
#include <sentence_transformers/error.h>

#include "encoders/architecture.h"
#include "encoders/transformer_encoder.h"

namespace sentence_transformers {
namespace {

constexpr int64_t kNoPositionLimit = 1 << 20;

struct FeedForward {
  bool gated;
  Activation activation;
};

/// feed_forward_proj, "relu" or "gated-gelu"; files that transformers 5 wrote say the same in
/// dense_act_fn and is_gated_act, which win.
FeedForward read_feed_forward(const Config& config) {
  const auto kind = config.get<std::string>("feed_forward_proj", "relu");
  const bool gated = kind.starts_with("gated-");
  const std::string name = kind == "gated-gelu" ? "gelu_new" : kind.substr(gated ? 6 : 0);
  return {config.get<bool>("is_gated_act", gated),
          parse_activation(config.get<std::string>("dense_act_fn", name),
                           "[T5] " + config.name("feed_forward_proj"))};
}

std::shared_ptr<Encoder> make_t5(const Config& config, const Weights& weights) {
  const int64_t size = config.require_at_least("d_model", 1);
  const int64_t heads = config.require_at_least("num_heads", 1);
  const int64_t layers = read_layer_count(config, "num_layers");
  const auto [gated, activation] = read_feed_forward(config);
  LayerConfig layer;
  layer.hidden_size = size;
  layer.intermediate_size = config.require_at_least("d_ff", 1);
  layer.attention = {.heads = heads,
                     .key_value_heads = heads,
                     .head_size = config.require_at_least("d_kv", 1),
                     .scale = 1};
  layer.norm_place = NormPlace::before;
  layer.norm = {
      .eps = config.get_below("layer_norm_epsilon", 1e-6, 0, 1e6), .centred = false, .bias = false};
  layer.query_key_value_bias = layer.attention_output_bias = false;
  layer.intermediate_bias = layer.output_bias = false;
  layer.gated = gated;
  layer.activation = activation;
  const auto dropout = config.get_below("dropout_rate", 0.1, 0, 1);
  layer.attention_dropout = layer.attention_output_dropout = dropout;
  layer.intermediate_dropout = layer.output_dropout = dropout;
  const std::string attention = "layer.0.SelfAttention.", dense = "layer.1.DenseReluDense.";
  layer.names = {.query_key_value = {attention + "q", attention + "k", attention + "v"},
                 .attention_output = attention + "o",
                 .attention_norm = "layer.0.layer_norm",
                 .intermediate = gated ? std::vector<std::string>{dense + "wi_0", dense + "wi_1"}
                                       : std::vector<std::string>{dense + "wi"},
                 .output = dense + "wo",
                 .output_norm = "layer.1.layer_norm"};

  TransformerConfig t5;
  t5.hidden_size = size;
  t5.max_positions = kNoPositionLimit;
  t5.embeddings = {.vocab_size = config.require_at_least("vocab_size", 1),
                   .size = size,
                   .words = weights.contains("shared") ? "shared" : "encoder.embed_tokens",
                   .dropout = dropout};
  const std::string bias_name = "encoder.block.0." + attention + "relative_attention_bias";
  const auto buckets = config.get<int64_t>("relative_attention_num_buckets", 32);
  const auto distance = config.get<int64_t>("relative_attention_max_distance", 128);
  if (buckets < 4 || buckets % 2 != 0 || distance <= buckets / 4) {
    throw LoadError("[T5] " + config.name("relative_attention_num_buckets") +
                    ": expected an even number from 4 on, and relative_attention_max_distance "
                    "beyond a quarter of it, found " +
                    std::to_string(buckets) + " and " + std::to_string(distance));
  }
  const auto bias =
      std::make_shared<BucketBias>(weights / bias_name, buckets, heads, buckets, distance);
  t5.shared = {{bias_name, bias}};
  layer.distance_bias = bias;
  t5.add_layers("encoder.block", layer, layers);
  t5.final_norm = "encoder.final_layer_norm";
  t5.final_norm_config = layer.norm;
  t5.final_dropout = dropout;
  return std::make_shared<TransformerEncoder>(std::move(t5), weights);
}

}  // namespace

const Architecture kT5 = {
    .model_types = {{"t5", ""}},
    .prefix = "",
    .probe = "encoder.final_layer_norm",
    .optional = {"decoder.", "lm_head.", "encoder.embed_tokens.", "shared."},
    .make = make_t5,
};

}  // namespace sentence_transformers
