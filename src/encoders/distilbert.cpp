// DistilBERT (Sanh et al., 2019), as transformers 5.23 computes it in
// models/distilbert/modeling_distilbert.py: BERT without token types, under other names.
#include <sentence_transformers/error.h>

#include "encoders/architecture.h"
#include "encoders/heads.h"
#include "encoders/transformer_encoder.h"

namespace sentence_transformers {
namespace {

std::shared_ptr<Encoder> make_distilbert(const Config& config, const Weights& weights) {
  const int64_t size = config.require_at_least("dim", 1);
  const int64_t heads = config.require_at_least("n_heads", 1);
  const int64_t layers = read_layer_count(config, "n_layers");
  if (size % heads != 0) {
    throw LoadError("[DistilBert] " + config.name("n_heads") + ": " + std::to_string(heads) +
                    " does not divide dim " + std::to_string(size));
  }
  const auto dropout = config.get_below("dropout", 0.1, 0, 1);
  LayerConfig layer;
  layer.hidden_size = size;
  layer.intermediate_size = config.require_at_least("hidden_dim", 1);
  layer.attention = {.heads = heads,
                     .key_value_heads = heads,
                     .head_size = size / heads,
                     .scale = attention_scale(size / heads)};
  layer.norm = {.eps = 1e-12};
  layer.activation = parse_activation(config.get<std::string>("activation", "gelu"),
                                      "[DistilBert] " + config.name("activation"));
  layer.attention_dropout = config.get_below("attention_dropout", 0.1, 0, 1);
  layer.output_dropout = dropout;
  layer.names = {.query_key_value = {"attention.q_lin", "attention.k_lin", "attention.v_lin"},
                 .attention_output = "attention.out_lin",
                 .attention_norm = "sa_layer_norm",
                 .intermediate = {"ffn.lin1"},
                 .output = "ffn.lin2",
                 .output_norm = "output_layer_norm"};

  TransformerConfig distilbert;
  distilbert.hidden_size = size;
  distilbert.embeddings = bert_embeddings(config, layer, size, 0);
  distilbert.max_positions = distilbert.embeddings.position_count;
  distilbert.add_layers("transformer.layer", layer, layers);
  return std::make_shared<TransformerEncoder>(std::move(distilbert), weights);
}

std::shared_ptr<ClassificationHead> make_distilbert_head(const HeadSource& source) {
  return make_head(source, {.dropout = source.config.get_below("seq_classif_dropout", 0.2, 0, 1),
                            .dense = "pre_classifier",
                            .activation = Activation::relu});
}

LanguageHeadConfig distilbert_language_head(const Config& config) {
  return {.dense = "vocab_transform",
          .activation = parse_activation(config.get<std::string>("activation", "gelu"),
                                         "[DistilBert] " + config.name("activation")),
          .norm = "vocab_layer_norm",
          .norm_config = {.eps = 1e-12},
          .decoder = "vocab_projector"};
}

}  // namespace

const Architecture kDistilBert = {
    .model_types = {{"distilbert", "DistilBertForSequenceClassification", nullptr,
                     "DistilBertForMaskedLM"}},
    .prefix = "distilbert",
    .probe = "embeddings.word_embeddings",
    .optional = {"embeddings.position_ids"},
    .make = make_distilbert,
    .head_probe = "pre_classifier.weight",
    .make_head = make_distilbert_head,
    .language_head = distilbert_language_head,
};

}  // namespace sentence_transformers
