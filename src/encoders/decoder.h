// What Llama and its successors share: norms before, RMSNorm, rotary positions, shared key and
// value heads, gated feed-forward networks; tokens see what stands before them, unless `is_causal`
// is false.
#pragma once

#include <memory>

#include "encoders/architecture.h"
#include "encoders/transformer_encoder.h"

namespace sentence_transformers {

/// Where members of the family differ; defaults are of keys that config.json lacks.
struct DecoderTraits {
  int64_t head_size = 0;  // 0: hidden_size / heads
  double norm_eps = 1e-6;
  bool causal = true;
  /// Biases of queries, keys and values, and of attention's output: config.json's attention_bias if
  /// `reads_attention_bias`, else these.
  bool reads_attention_bias = true;
  bool query_key_value_bias = false;
  bool head_norms = false;  // on each head's queries and keys
  /// Windows: sliding_window counts where use_sliding_window says so, in layers from
  /// max_window_layers on; or in all layers.
  bool optional_windows = false;
  bool windows_everywhere = false;
};

std::shared_ptr<Encoder> make_decoder(const Config& config, const Weights& weights,
                                      const DecoderTraits& traits);

/// `score` without bias over the last token that is no padding.
std::shared_ptr<ClassificationHead> make_decoder_head(const HeadSource& source);

/// The size of a head: config.json's head_dim, or else `fallback`, or if that is 0 hidden_size /
/// heads. Throws LoadError for an odd one or where heads do not divide, or are not divided by
/// num_key_value_heads.
AttentionConfig read_shared_heads(const Config& config, const CommonSizes& sizes, int64_t fallback);

}  // namespace sentence_transformers
