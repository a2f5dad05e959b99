// Jina's BERT (Guenther et al., 2023), after the authors' published code: jina-bert-implementation
// (jina-embeddings-v2-base-en and its like) and jina-bert-v2-qk-post-norm (the same for code and
// for two languages). BERT whose scores fall with the distance of two tokens, with a gated
// feed-forward network.
#include "encoders/jina_bert.h"

#include <sentence_transformers/error.h>

#include "core/quoted.h"
#include "encoders/transformer_encoder.h"

namespace sentence_transformers {
namespace {

/// geglu and reglu name their gate themselves; "original" is BERT's network with its hidden_act.
void read_feed_forward(const Config& config, bool norms_queries, LayerConfig& layer) {
  const auto kind = config.get<std::string>("feed_forward_type", "original");
  const bool plain = kind == "original" && !norms_queries;
  if (kind != "geglu" && kind != "reglu" && !plain) {
    throw UnsupportedError("[JinaBert] " + config.name("feed_forward_type") + " is " +
                           in_quotes(kind) + "; known: geglu, reglu" +
                           (norms_queries ? "" : ", original"));
  }
  if (plain) return;
  layer.gated = true;
  layer.intermediate_bias = false;
  layer.activation = kind == "geglu" ? Activation::gelu : Activation::relu;
  layer.intermediate_dropout = layer.output_dropout;
  layer.output_dropout = 0;
  layer.names.intermediate = {"mlp.gated_layers"};
  layer.names.output = "mlp.wo";
  layer.names.output_norm = "mlp.layernorm";
}

/// What the later code has more: norms over all heads' queries and keys, a second norm behind
/// attention that adds the layer's input once more, and other names.
void norm_queries(LayerConfig& layer) {
  layer.norms_all_heads = true;
  layer.gate_is_second = true;
  layer.names.query_norm = "attention.self.layer_norm_q";
  layer.names.key_norm = "attention.self.layer_norm_k";
  layer.names.second_attention_norm = "layer_norm_1";
  layer.names.intermediate = {"mlp.up_gated_layer"};
  layer.names.output = "mlp.down_layer";
  layer.names.output_norm = "layer_norm_2";
}

}  // namespace

std::shared_ptr<Encoder> make_jina_bert(const Config& config, const Weights& weights) {
  const CommonSizes sizes(config);
  LayerConfig layer = bert_layer(config, sizes);
  TransformerConfig jina;
  jina.hidden_size = sizes.hidden_size;
  jina.embeddings = bert_embeddings(config, layer, sizes.hidden_size,
                                    config.get_at_least("type_vocab_size", 2, 1));
  jina.embeddings.positions = "";
  jina.max_positions = jina.embeddings.position_count;
  const bool norms_queries = weights.contains("encoder.layer.0.attention.self.layer_norm_q");
  read_feed_forward(config, norms_queries, layer);
  if (norms_queries) norm_queries(layer);
  const auto slopes = std::make_shared<SlopeBias>(sizes.heads);
  jina.shared = {{"alibi", slopes}};
  layer.distance_bias = slopes;
  jina.add_layers("encoder.layer", layer, sizes.layers);
  jina.pooler = "pooler.dense";
  return std::make_shared<TransformerEncoder>(std::move(jina), weights);
}

}  // namespace sentence_transformers
