// Qwen3 (Yang et al., 2025), as transformers 5.23 computes it in models/qwen3/modeling_qwen3.py: a
// decoder whose tokens see what stands before them, with norms on each head's queries and keys.
#include <sentence_transformers/error.h>

#include "encoders/architecture.h"
#include "encoders/layer_types.h"
#include "encoders/transformer_encoder.h"

namespace sentence_transformers {
namespace {

std::shared_ptr<Encoder> make(const Config& config, const Weights& weights) {
  const CommonSizes sizes(config);
  const auto key_value_heads = config.get<int64_t>("num_key_value_heads", sizes.heads);
  const auto head_size = config.get<int64_t>("head_dim", 128);
  if (key_value_heads < 1 || sizes.heads % key_value_heads != 0) {
    throw LoadError("[Qwen3] " + config.name("num_key_value_heads") + ": " +
                    std::to_string(key_value_heads) + " does not divide num_attention_heads " +
                    std::to_string(sizes.heads));
  }
  if (head_size < 2 || head_size % 2 != 0) {
    throw LoadError("[Qwen3] " + config.name("head_dim") + ": expected an even number, found " +
                    std::to_string(head_size));
  }
  LayerConfig layer;
  layer.hidden_size = sizes.hidden_size;
  layer.intermediate_size = sizes.intermediate_size;
  layer.attention = {.heads = sizes.heads,
                     .key_value_heads = key_value_heads,
                     .head_size = head_size,
                     .scale = attention_scale(head_size)};
  const bool causal = config.get<bool>("is_causal", true);
  if (causal) layer.attention.right = 0;
  layer.norm_place = NormPlace::before;
  layer.norm = {
      .eps = config.get<double>("rms_norm_eps", 1e-6), .centred = false, .bias = false};
  layer.query_key_value_bias = layer.attention_output_bias =
      config.get<bool>("attention_bias", false);
  layer.intermediate_bias = layer.output_bias = false;
  layer.gated = true;
  layer.activation = parse_activation(config.get<std::string>("hidden_act", "silu"),
                                      "[Qwen3] " + config.name("hidden_act"));
  layer.attention_dropout = config.get<double>("attention_dropout", 0);
  layer.rotary = read_rotary(config, head_size, kFullAttention, "rope_theta", 10000);
  layer.names = {.query_key_value = {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"},
                 .query_norm = "self_attn.q_norm",
                 .key_norm = "self_attn.k_norm",
                 .attention_output = "self_attn.o_proj",
                 .attention_norm = "input_layernorm",
                 .intermediate = {"mlp.gate_proj", "mlp.up_proj"},
                 .output = "mlp.down_proj",
                 .output_norm = "post_attention_layernorm"};

  TransformerConfig qwen3;
  qwen3.hidden_size = sizes.hidden_size;
  qwen3.max_positions = config.get<int64_t>("max_position_embeddings", 32768);
  qwen3.embeddings = {
      .vocab_size = sizes.vocab_size, .size = sizes.hidden_size, .words = "embed_tokens"};
  const bool slides = config.get<bool>("use_sliding_window", false);
  const auto first_window = config.get<int64_t>("max_window_layers", 28);
  const auto types = read_layer_types(config, sizes.layers, [&](int64_t i) {
    return !(slides && config.has("sliding_window")) || i < first_window;
  });
  for (int64_t i = 0; i < sizes.layers; ++i) {
    LayerConfig own = layer;
    if (types[static_cast<size_t>(i)] == kSlidingAttention) {
      const int64_t window = config.require_at_least("sliding_window", 1);
      own.attention.left = causal ? window - 1 : window;
      own.attention.right = causal ? 0 : window;
    }
    qwen3.layers.emplace_back("layers." + std::to_string(i), own);
  }
  qwen3.final_norm = "norm";
  qwen3.final_norm_config = layer.norm;
  return std::make_shared<TransformerEncoder>(std::move(qwen3), weights);
}

}  // namespace

const Architecture kQwen3 = {
    .model_types = {{"qwen3", "Qwen3ForSequenceClassification"}},
    .prefix = "model",
    .probe = "embed_tokens",
    .optional = {},
    .make = make,
};

}  // namespace sentence_transformers
