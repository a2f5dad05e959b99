// Gemma 3's text model (Gemma Team, 2025) and EmbeddingGemma, as transformers 5.23 computes them in
// models/gemma3/modeling_gemma3.py: norms before and behind each part that multiply by 1 + weight,
// scaled embeddings, windows in most layers, with rotary positions of their own.
#include <sentence_transformers/error.h>

#include <cmath>

#include "encoders/architecture.h"
#include "encoders/decoder.h"
#include "encoders/layer_types.h"

namespace sentence_transformers {
namespace {

std::shared_ptr<Encoder> make_gemma3(const Config& config, const Weights& weights) {
  const CommonSizes sizes(config);
  LayerConfig layer;
  layer.hidden_size = sizes.hidden_size;
  layer.intermediate_size = sizes.intermediate_size;
  layer.attention = read_shared_heads(config, sizes, 256);
  const auto scalar = config.get<double>("query_pre_attn_scalar", 256);
  if (!(scalar > 0)) {
    throw LoadError("[Gemma3] " + config.name("query_pre_attn_scalar") +
                    ": expected more than 0, found " + std::to_string(scalar));
  }
  layer.attention.scale = 1.0 / std::sqrt(scalar);
  const bool bidirectional = config.get<bool>("use_bidirectional_attention", false);
  if (!bidirectional) layer.attention.right = 0;
  layer.norm_place = NormPlace::both;
  layer.norm = {.eps = config.get_below("rms_norm_eps", 1e-6, 0, 1e6),
                .centred = false,
                .bias = false,
                .weight_offset = 1};
  layer.query_key_value_bias = layer.attention_output_bias =
      config.get<bool>("attention_bias", false);
  layer.intermediate_bias = layer.output_bias = false;
  layer.gated = true;
  layer.activation =
      parse_activation(config.get<std::string>("hidden_activation", "gelu_pytorch_tanh"),
                       "[Gemma3] " + config.name("hidden_activation"));
  layer.attention_dropout = config.get_below("attention_dropout", 0, 0, 1);
  layer.names = {.query_key_value = {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"},
                 .query_norm = "self_attn.q_norm",
                 .key_norm = "self_attn.k_norm",
                 .attention_output = "self_attn.o_proj",
                 .attention_norm = "input_layernorm",
                 .intermediate = {"mlp.gate_proj", "mlp.up_proj"},
                 .output = "mlp.down_proj",
                 .output_norm = "pre_feedforward_layernorm",
                 .post_attention_norm = "post_attention_layernorm",
                 .post_output_norm = "post_feedforward_layernorm"};

  TransformerConfig gemma;
  gemma.hidden_size = sizes.hidden_size;
  gemma.max_positions = config.get_at_least("max_position_embeddings", 131072, 1);
  gemma.embeddings = {.vocab_size = sizes.vocab_size,
                      .size = sizes.hidden_size,
                      .words = "embed_tokens",
                      .scale = std::sqrt(static_cast<double>(sizes.hidden_size))};
  const auto pattern = config.get<int64_t>("sliding_window_pattern", 6);
  if (pattern < 1) {
    throw LoadError("[Gemma3] " + config.name("sliding_window_pattern") +
                    ": expected at least 1, found " + std::to_string(pattern));
  }
  const auto types =
      read_layer_types(config, sizes.layers, [&](int64_t i) { return (i + 1) % pattern == 0; });
  const int64_t head_size = layer.attention.head_size;
  const auto full = read_rotary(config, head_size, kFullAttention, "rope_theta", 1e6);
  const auto local =
      read_rotary(config, head_size, kSlidingAttention, "rope_local_base_freq", 1e4, false);
  const auto window = config.get<int64_t>("sliding_window", 4096);
  for (int64_t i = 0; i < sizes.layers; ++i) {
    LayerConfig own = layer;
    const bool slides = types[static_cast<size_t>(i)] == kSlidingAttention;
    own.rotary = slides ? local : full;
    if (slides) {
      own.attention.left = bidirectional ? window / 2 : window - 1;
      own.attention.right = bidirectional ? window / 2 : 0;
    }
    gemma.layers.emplace_back("layers." + std::to_string(i), own);
  }
  gemma.final_norm = "norm";
  gemma.final_norm_config = layer.norm;
  return std::make_shared<TransformerEncoder>(std::move(gemma), weights);
}

}  // namespace

const Architecture kGemma3 = {
    .model_types = {{"gemma3_text", "Gemma3TextForSequenceClassification"}},
    .prefix = "model",
    .probe = "embed_tokens",
    .optional = {"rotary_emb."},
    .make = make_gemma3,
    .head_probe = "score.weight",
    .make_head = make_decoder_head,
};

}  // namespace sentence_transformers
