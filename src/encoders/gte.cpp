// GTE (Zhang et al., 2024), as transformers 5.23 computes it in models/gte/modeling_gte.py, and the
// authors' own files, whose model_type is "new": BERT with rotary positions and a gated
// feed-forward network. The frequencies of rope type "ntk" follow the authors' published code.
#include <sentence_transformers/error.h>

#include <cmath>

#include "encoders/architecture.h"
#include "encoders/heads.h"
#include "encoders/layer_types.h"
#include "encoders/transformer_encoder.h"

namespace sentence_transformers {
namespace {

std::shared_ptr<const Rotary> make_rotary(const Config& config, int64_t head_size) {
  if (config.has("rope_scaling")) {
    const Config scaling = config.at("rope_scaling");
    if (scaling.get<std::string>("type", "") == "ntk") {
      if (scaling.has("mixed_b")) {
        throw UnsupportedError("[Gte] " + scaling.name("mixed_b") + ": expected null");
      }
      const auto factor = scaling.require<double>("factor");
      const auto theta = config.get<double>("rope_theta", 10000) * factor;
      return std::make_shared<Rotary>(Rotary::frequencies(head_size, theta) /
                                      std::pow(factor, 2.0 / static_cast<double>(head_size)));
    }
  }
  const bool is_own = config.get<std::string>("model_type", "") == "new";
  return read_rotary(config, head_size, kFullAttention, "rope_theta", is_own ? 10000 : 160000);
}

std::shared_ptr<Encoder> make_gte(const Config& config, const Weights& weights) {
  if (config.get<bool>("logn_attention_scale", false)) {
    throw UnsupportedError("[Gte] " + config.name("logn_attention_scale") + ": expected false");
  }
  const auto norm = config.get<std::string>("layer_norm_type", "layer_norm");
  const auto positions = config.get<std::string>("position_embedding_type", "rope");
  if (norm != "layer_norm" || positions != "rope") {
    throw UnsupportedError("[Gte] " + config.name("layer_norm_type") + " is \"" + norm +
                           "\" and position_embedding_type \"" + positions +
                           "\"; known: layer_norm and rope");
  }
  const CommonSizes sizes(config);
  LayerConfig layer = bert_layer(config, sizes);
  layer.intermediate_bias = false;
  layer.gated = layer.gate_is_second = true;
  layer.attention_dropout = config.get_below("attention_probs_dropout_prob", 0, 0, 1);
  layer.intermediate_dropout = layer.output_dropout;
  layer.rotary = make_rotary(config, layer.attention.head_size);
  const bool packed = config.get<bool>("pack_qkv", true);
  layer.names = {
      .query_key_value = packed ? std::vector<std::string>{"attention.qkv_proj"}
                                : std::vector<std::string>{"attention.q_proj", "attention.k_proj",
                                                           "attention.v_proj"},
      .attention_output = "attention.o_proj",
      .attention_norm = "attn_ln",
      .intermediate = {"mlp.up_gate_proj"},
      .output = "mlp.down_proj",
      .output_norm = "mlp_ln"};

  TransformerConfig gte;
  gte.hidden_size = sizes.hidden_size;
  gte.max_positions = config.get_at_least("max_position_embeddings", 8192, 1);
  const auto types = config.get_at_least("type_vocab_size", 1, 0);
  gte.embeddings = bert_embeddings(config, layer, sizes.hidden_size, types);
  gte.embeddings.positions = "";
  gte.add_layers("encoder.layer", layer, sizes.layers);
  gte.pooler = "pooler.dense";
  return std::make_shared<TransformerEncoder>(std::move(gte), weights);
}

std::shared_ptr<ClassificationHead> make_gte_head(const HeadSource& source) {
  return make_pooler_head(source, read_head_dropout(source.config));
}

}  // namespace

const Architecture kGte = {
    .model_types = {{"gte", "GteForSequenceClassification"}},
    .prefix = "gte",
    .other_prefix = "new",
    .probe = "embeddings.word_embeddings",
    .optional = {"embeddings.position_ids", "embeddings.rotary_emb."},
    .make = make_gte,
    .head_probe = "classifier.weight",
    .make_head = make_gte_head,
};

const Architecture kNew = {
    .model_types = {{"new", "NewForSequenceClassification"}},
    .prefix = "new",
    .probe = "embeddings.word_embeddings",
    .optional = {"embeddings.position_ids", "embeddings.rotary_emb."},
    .make = make_gte,
    .head_probe = "classifier.weight",
    .make_head = make_gte_head,
};

}  // namespace sentence_transformers
