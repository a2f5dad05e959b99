// BERT (Devlin et al., 2018), as transformers 5.23 computes it in models/bert/modeling_bert.py.
#include <sentence_transformers/error.h>

#include "core/quoted.h"
#include "encoders/architecture.h"
#include "encoders/heads.h"
#include "encoders/jina_bert.h"
#include "encoders/transformer_encoder.h"

namespace sentence_transformers {
namespace {

std::shared_ptr<Encoder> make_bert(const Config& config, const Weights& weights) {
  const auto kind = config.get<std::string>("position_embedding_type", "absolute");
  if (kind == "alibi") return make_jina_bert(config, weights);
  if (kind != "absolute") {
    throw UnsupportedError("[Bert] " + config.name("position_embedding_type") + " is " +
                           in_quotes(kind) + "; known: absolute, alibi");
  }
  const CommonSizes sizes(config);
  const LayerConfig layer = bert_layer(config, sizes);
  TransformerConfig bert;
  bert.hidden_size = sizes.hidden_size;
  bert.embeddings = bert_embeddings(config, layer, sizes.hidden_size,
                                    config.get_at_least("type_vocab_size", 2, 1));
  bert.max_positions = bert.embeddings.position_count;
  bert.add_layers("encoder.layer", layer, sizes.layers);
  bert.pooler = "pooler.dense";
  return std::make_shared<TransformerEncoder>(std::move(bert), weights);
}

/// BertForSequenceClassification's part behind the encoder: pooler, dropout, classifier.
std::shared_ptr<ClassificationHead> make_bert_head(const HeadSource& source) {
  return make_pooler_head(source, read_head_dropout(source.config));
}

/// BertForMaskedLM's `cls`.
LanguageHeadConfig bert_language_head(const Config& config) {
  const LayerConfig layer = bert_layer(config, CommonSizes(config));
  return {.dense = "cls.predictions.transform.dense",
          .activation = layer.activation,
          .norm = "cls.predictions.transform.LayerNorm",
          .norm_config = layer.norm,
          .decoder = "cls.predictions.decoder",
          .bias = "cls.predictions.bias"};
}

}  // namespace

const Architecture kBert = {
    .model_types = {{"bert", "BertForSequenceClassification", nullptr, "BertForMaskedLM"}},
    .prefix = "bert",
    .probe = "embeddings.word_embeddings",
    .optional = {"embeddings.position_ids"},
    .make = make_bert,
    .head_probe = "classifier.weight",
    .make_head = make_bert_head,
    .language_head = bert_language_head,
};

}  // namespace sentence_transformers
