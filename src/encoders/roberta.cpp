// RoBERTa (Liu et al., 2019) and what shares its arithmetic: XLM-RoBERTa, CamemBERT. As
// transformers 5.23 computes it in models/roberta/modeling_roberta.py: BERT with positions that
// begin behind the padding token's id.
#include <sentence_transformers/error.h>

#include "encoders/architecture.h"
#include "encoders/heads.h"
#include "encoders/transformer_encoder.h"

namespace sentence_transformers {
namespace {

std::shared_ptr<Encoder> make(const Config& config, const Weights& weights) {
  const CommonSizes sizes(config);
  const LayerConfig layer = bert_layer(config, sizes);
  const auto padding = config.get<int64_t>("pad_token_id", 1);
  const auto positions = config.get_at_least("max_position_embeddings", 512, 1);
  if (padding < 0 || positions <= padding + 1) {
    throw LoadError("[Roberta] " + config.name("max_position_embeddings") +
                    ": expected more than pad_token_id + 1 = " + std::to_string(padding + 1) +
                    ", found " + std::to_string(positions));
  }
  TransformerConfig roberta;
  roberta.hidden_size = sizes.hidden_size;
  roberta.max_positions = positions - padding - 1;
  roberta.embeddings = {.vocab_size = sizes.vocab_size,
                        .size = sizes.hidden_size,
                        .words = "embeddings.word_embeddings",
                        .positions = "embeddings.position_embeddings",
                        .position_count = positions,
                        .padding_id = padding,
                        .token_types = "embeddings.token_type_embeddings",
                        .token_type_count = config.get_at_least("type_vocab_size", 2, 1),
                        .norm = "embeddings.LayerNorm",
                        .norm_config = layer.norm,
                        .dropout = layer.output_dropout};
  for (int64_t i = 0; i < sizes.layers; ++i) {
    roberta.layers.emplace_back("encoder.layer." + std::to_string(i), layer);
  }
  roberta.pooler = "pooler.dense";  // in many files, used by nothing
  return std::make_shared<TransformerEncoder>(std::move(roberta), weights);
}

std::shared_ptr<ClassificationHead> make_roberta_head(const HeadSource& source) {
  const Config& config = source.config;
  return make_head(
      source, {.dropout = config.get_below("classifier_dropout",
                                           config.get<double>("hidden_dropout_prob", 0.1), 0, 1),
               .drop_pooled = true,
               .dense = "classifier.dense",
               .classifier = "classifier.out_proj"});
}

}  // namespace

const Architecture kRoberta = {
    .model_types = {{"roberta", "RobertaForSequenceClassification"},
                    {"xlm-roberta", "XLMRobertaForSequenceClassification"},
                    {"camembert", "CamembertForSequenceClassification"}},
    .prefix = "roberta",
    .probe = "embeddings.word_embeddings",
    .optional = {"embeddings.position_ids", "pooler."},
    .make = make,
    .head_probe = "classifier.out_proj.weight",
    .make_head = make_roberta_head,
};

}  // namespace sentence_transformers
