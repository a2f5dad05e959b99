#include "encoders/decoder.h"

#include <sentence_transformers/error.h>

#include "encoders/heads.h"
#include "encoders/layer_types.h"

namespace sentence_transformers {

AttentionConfig read_shared_heads(const Config& config, const CommonSizes& sizes,
                                  int64_t fallback) {
  const auto key_value_heads = config.get<int64_t>("num_key_value_heads", sizes.heads);
  if (key_value_heads < 1 || sizes.heads % key_value_heads != 0) {
    throw LoadError("[make_encoder] " + config.name("num_key_value_heads") + ": " +
                    std::to_string(key_value_heads) + " does not divide num_attention_heads " +
                    std::to_string(sizes.heads));
  }
  if (fallback == 0 && !config.has("head_dim")) fallback = divide_heads(config, sizes);
  const auto head_size = config.get<int64_t>("head_dim", fallback);
  if (head_size < 2 || head_size % 2 != 0) {
    throw LoadError("[make_encoder] " + config.name("head_dim") +
                    ": expected an even number from 2 on, found " + std::to_string(head_size));
  }
  return {.heads = sizes.heads,
          .key_value_heads = key_value_heads,
          .head_size = head_size,
          .scale = attention_scale(head_size)};
}

std::shared_ptr<ClassificationHead> make_decoder_head(const HeadSource& source) {
  return make_head(source, {.pooling = HeadConfig::Pooling::last,
                            .padding_id = source.config.find<int64_t>("pad_token_id"),
                            .classifier = "score",
                            .classifier_bias = false});
}

std::shared_ptr<Encoder> make_decoder(const Config& config, const Weights& weights,
                                      const DecoderTraits& traits) {
  const CommonSizes sizes(config);
  LayerConfig layer;
  layer.hidden_size = sizes.hidden_size;
  layer.intermediate_size = sizes.intermediate_size;
  layer.attention = read_shared_heads(config, sizes, traits.head_size);
  const bool causal = config.get<bool>("is_causal", traits.causal);
  if (causal) layer.attention.right = 0;
  layer.norm_place = NormPlace::before;
  layer.norm = {.eps = config.get_below("rms_norm_eps", traits.norm_eps, 0, 1e6),
                .centred = false,
                .bias = false};
  const bool biases = traits.reads_attention_bias && config.get<bool>("attention_bias", false);
  layer.query_key_value_bias = biases || traits.query_key_value_bias;
  layer.attention_output_bias = biases;
  layer.intermediate_bias = layer.output_bias = config.get<bool>("mlp_bias", false);
  layer.gated = true;
  layer.activation = parse_activation(config.get<std::string>("hidden_act", "silu"),
                                      "[make_encoder] " + config.name("hidden_act"));
  layer.attention_dropout = config.get_below("attention_dropout", 0, 0, 1);
  layer.rotary =
      read_rotary(config, layer.attention.head_size, kFullAttention, "rope_theta", 10000);
  layer.names = {.query_key_value = {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"},
                 .query_norm = traits.head_norms ? "self_attn.q_norm" : "",
                 .key_norm = traits.head_norms ? "self_attn.k_norm" : "",
                 .attention_output = "self_attn.o_proj",
                 .attention_norm = "input_layernorm",
                 .intermediate = {"mlp.gate_proj", "mlp.up_proj"},
                 .output = "mlp.down_proj",
                 .output_norm = "post_attention_layernorm"};

  TransformerConfig decoder;
  decoder.hidden_size = sizes.hidden_size;
  decoder.max_positions = config.require_at_least("max_position_embeddings", 1);
  decoder.embeddings = {
      .vocab_size = sizes.vocab_size, .size = sizes.hidden_size, .words = "embed_tokens"};
  const bool windows = config.has("sliding_window") &&
                       (traits.windows_everywhere ||
                        (traits.optional_windows && config.get<bool>("use_sliding_window", false)));
  const int64_t first_window =
      traits.windows_everywhere ? 0 : config.get<int64_t>("max_window_layers", 28);
  const auto types = read_layer_types(config, sizes.layers,
                                      [&](int64_t i) { return !windows || i < first_window; });
  for (int64_t i = 0; i < sizes.layers; ++i) {
    LayerConfig own = layer;
    if (types[static_cast<size_t>(i)] == kSlidingAttention) {
      const int64_t window = config.require_at_least("sliding_window", 1);
      own.attention.left = causal ? window - 1 : window;
      own.attention.right = causal ? 0 : window;
    }
    decoder.layers.emplace_back("layers." + std::to_string(i), own);
  }
  decoder.final_norm = "norm";
  decoder.final_norm_config = layer.norm;
  return std::make_shared<TransformerEncoder>(std::move(decoder), weights);
}

}  // namespace sentence_transformers
