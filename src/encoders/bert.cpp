// BERT (Devlin et al., 2018), as transformers 5.23 computes it in models/bert/modeling_bert.py.
#include <sentence_transformers/error.h>

#include "encoders/architecture.h"
#include "encoders/heads.h"
#include "encoders/transformer_encoder.h"

namespace sentence_transformers {
namespace {

std::shared_ptr<Encoder> make(const Config& config, const Weights& weights) {
  const auto kind = config.get<std::string>("position_embedding_type", "absolute");
  if (kind != "absolute") {
    throw UnsupportedError("[Bert] " + config.name("position_embedding_type") + " is \"" + kind +
                           "\"; known: absolute");
  }
  const CommonSizes sizes(config);
  const LayerConfig layer = bert_layer(config, sizes);
  TransformerConfig bert;
  bert.hidden_size = sizes.hidden_size;
  bert.max_positions = config.get_at_least("max_position_embeddings", 512, 1);
  bert.embeddings = {.vocab_size = sizes.vocab_size,
                     .size = sizes.hidden_size,
                     .words = "embeddings.word_embeddings",
                     .positions = "embeddings.position_embeddings",
                     .position_count = bert.max_positions,
                     .token_types = "embeddings.token_type_embeddings",
                     .token_type_count = config.get_at_least("type_vocab_size", 2, 1),
                     .norm = "embeddings.LayerNorm",
                     .norm_config = layer.norm,
                     .dropout = layer.output_dropout};
  for (int64_t i = 0; i < sizes.layers; ++i) {
    bert.layers.emplace_back("encoder.layer." + std::to_string(i), layer);
  }
  bert.pooler = "pooler.dense";
  return std::make_shared<TransformerEncoder>(std::move(bert), weights);
}

/// BertForSequenceClassification's part behind the encoder: pooler, dropout, classifier.
std::shared_ptr<ClassificationHead> make_bert_head(const HeadSource& source) {
  auto& bert = dynamic_cast<TransformerEncoder&>(source.encoder);
  if (!source.is_new && !bert.pooler()) {
    throw LoadError("[Bert] " + source.weights.file().string() +
                    " has a classifier and no pooler before it; known: "
                    "BertForSequenceClassification's head, which has both");
  }
  const Config& config = source.config;
  return make_head(
      source, {.dropout = config.get_below("classifier_dropout",
                                           config.get<double>("hidden_dropout_prob", 0.1), 0, 1),
               .pooler = bert.pooler(config.get_below("initializer_range", 0.02, 0, 1e6))});
}

}  // namespace

const Architecture kBert = {
    .model_types = {{"bert", "BertForSequenceClassification"}},
    .prefix = "bert",
    .probe = "embeddings.word_embeddings",
    .optional = {"embeddings.position_ids"},
    .make = make,
    .head_probe = "classifier.weight",
    .make_head = make_bert_head,
};

}  // namespace sentence_transformers
