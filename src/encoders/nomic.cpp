// NomicBERT (Nussbaum et al., 2024), as transformers 5.23 computes it in
// models/nomic_bert/modeling_nomic_bert.py: BERT with rotary positions, a gated feed-forward
// network and no biases in its linear layers. Files have the names of the authors' own code,
// whoever wrote them.
#include <sentence_transformers/error.h>

#include "encoders/architecture.h"
#include "encoders/heads.h"
#include "encoders/layer_types.h"
#include "encoders/transformer_encoder.h"

namespace sentence_transformers {
namespace {

/// The authors' own configurations have GPT-2's keys: `new_key`, or else `old_key`.
int64_t read_size(const Config& config, const std::string& new_key, const std::string& old_key,
                  int64_t fallback) {
  const std::string& key = config.has(new_key) || !config.has(old_key) ? new_key : old_key;
  return config.has(key) ? config.require_at_least(key, 1) : fallback;
}

/// Variants of the authors' code that the native class does not have either.
void refuse_variants(const Config& config) {
  const auto refuse = [&](const std::string& key, bool is_there) {
    if (is_there) {
      throw UnsupportedError("[NomicBert] " + config.name(key) + ": " + shown(config.json()[key]) +
                             " is a variant that is not here");
    }
  };
  refuse("prenorm", config.get<bool>("prenorm", false));
  refuse("rotary_emb_fraction", config.get<double>("rotary_emb_fraction", 1) != 1);
  refuse("rotary_emb_interleaved", config.get<bool>("rotary_emb_interleaved", false));
  refuse("qkv_proj_bias", config.get<bool>("qkv_proj_bias", false));
  refuse("mlp_fc1_bias", config.get<bool>("mlp_fc1_bias", false));
  refuse("mlp_fc2_bias", config.get<bool>("mlp_fc2_bias", false));
  refuse("num_experts", config.get<int64_t>("num_experts", 0) > 0);
  refuse("use_rms_norm", config.get<bool>("use_rms_norm", false));
}

std::shared_ptr<Encoder> make_nomic(const Config& config, const Weights& weights) {
  refuse_variants(config);
  const int64_t size = read_size(config, "hidden_size", "n_embd", 768);
  const int64_t heads = read_size(config, "num_attention_heads", "n_head", 12);
  const std::string layers_key =
      config.has("n_layer") && !config.has("num_hidden_layers") ? "n_layer" : "num_hidden_layers";
  const int64_t layers = config.has(layers_key) ? read_layer_count(config, layers_key) : 12;
  if (size % heads != 0) {
    throw LoadError("[NomicBert] " + config.name("num_attention_heads") + ": " +
                    std::to_string(heads) + " does not divide hidden_size " + std::to_string(size));
  }
  const int64_t head_size = size / heads;
  LayerConfig layer;
  layer.hidden_size = size;
  layer.intermediate_size = read_size(config, "intermediate_size", "n_inner", 4 * size);
  layer.attention = {.heads = heads,
                     .key_value_heads = heads,
                     .head_size = head_size,
                     .scale = attention_scale(head_size)};
  layer.norm = {.eps = config.get_below("layer_norm_eps",
                                        config.get<double>("layer_norm_epsilon", 1e-12), 0, 1e6)};
  layer.query_key_value_bias = layer.attention_output_bias = false;
  layer.intermediate_bias = layer.output_bias = false;
  layer.gated = true;
  layer.activation = parse_activation(config.get<std::string>("hidden_act", "silu"),
                                      "[NomicBert] " + config.name("hidden_act"));
  layer.attention_dropout = config.get_below("attention_probs_dropout_prob", 0, 0, 1);
  layer.attention_output_dropout = layer.output_dropout =
      config.get_below("hidden_dropout_prob", 0, 0, 1);
  layer.rotary = read_rotary(config, head_size, kFullAttention, "rotary_emb_base", 1000);
  layer.names = {.query_key_value = {"attn.Wqkv"},
                 .attention_output = "attn.out_proj",
                 .attention_norm = "norm1",
                 .intermediate = {"mlp.fc12", "mlp.fc11"},
                 .output = "mlp.fc2",
                 .output_norm = "norm2"};

  TransformerConfig nomic;
  nomic.hidden_size = size;
  nomic.max_positions = read_size(config, "max_position_embeddings", "n_positions", 2048);
  const auto types = config.get_at_least("type_vocab_size", 2, 0);
  nomic.embeddings = bert_embeddings(config, layer, size, types);
  nomic.embeddings.positions = "";
  nomic.embeddings.norm = "emb_ln";
  nomic.add_layers("encoder.layers", layer, layers);
  nomic.pooler = "pooler.dense";
  return std::make_shared<TransformerEncoder>(std::move(nomic), weights);
}

std::shared_ptr<ClassificationHead> make_nomic_head(const HeadSource& source) {
  return make_pooler_head(source, read_head_dropout(source.config, 0));
}

}  // namespace

const Architecture kNomicBert = {
    .model_types = {{"nomic_bert", "NomicBertForSequenceClassification"}},
    .prefix = "nomic_bert",
    .probe = "embeddings.word_embeddings",
    .optional = {"embeddings.position_ids", "encoder.rotary_emb."},
    .make = make_nomic,
    .head_probe = "classifier.weight",
    .make_head = make_nomic_head,
};

}  // namespace sentence_transformers
