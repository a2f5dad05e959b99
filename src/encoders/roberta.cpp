// RoBERTa (Liu et al., 2019) and what shares its arithmetic: XLM-RoBERTa, CamemBERT. As
// transformers 5.23 computes it in models/roberta/modeling_roberta.py: BERT with positions that
// begin behind the padding token's id.
#include <sentence_transformers/error.h>

#include "encoders/architecture.h"
#include "encoders/heads.h"
#include "encoders/transformer_encoder.h"

namespace sentence_transformers {
namespace {

std::shared_ptr<Encoder> make_roberta(const Config& config, const Weights& weights) {
  const CommonSizes sizes(config);
  const LayerConfig layer = bert_layer(config, sizes);
  TransformerConfig roberta;
  roberta.hidden_size = sizes.hidden_size;
  roberta.embeddings = bert_embeddings(config, layer, sizes.hidden_size,
                                       config.get_at_least("type_vocab_size", 2, 1));
  const auto padding = config.get<int64_t>("pad_token_id", 1);
  const int64_t positions = roberta.embeddings.position_count;
  if (padding < 0 || positions <= padding + 1) {
    throw LoadError("[Roberta] " + config.name("max_position_embeddings") +
                    ": expected more than pad_token_id + 1 = " + std::to_string(padding + 1) +
                    ", found " + std::to_string(positions));
  }
  roberta.embeddings.padding_id = padding;
  roberta.max_positions = positions - padding - 1;
  roberta.add_layers("encoder.layer", layer, sizes.layers);
  roberta.pooler = "pooler.dense";  // in many files, used by nothing
  return std::make_shared<TransformerEncoder>(std::move(roberta), weights);
}

std::shared_ptr<ClassificationHead> make_roberta_head(const HeadSource& source) {
  return make_dense_head(source, Activation::tanh, read_head_dropout(source.config));
}

}  // namespace

LanguageHeadConfig roberta_language_head(const Config& config) {
  return {.dense = "lm_head.dense",
          .norm = "lm_head.layer_norm",
          .norm_config = bert_layer(config, CommonSizes(config)).norm,
          .decoder = "lm_head.decoder",
          .bias = "lm_head.bias"};
}

const Architecture kRoberta = {
    .model_types = {{"roberta", "RobertaForSequenceClassification", nullptr, "RobertaForMaskedLM"},
                    {"xlm-roberta", "XLMRobertaForSequenceClassification", nullptr,
                     "XLMRobertaForMaskedLM"},
                    {"camembert", "CamembertForSequenceClassification", nullptr,
                     "CamembertForMaskedLM"}},
    .prefix = "roberta",
    .probe = "embeddings.word_embeddings",
    .optional = {"embeddings.position_ids", "pooler."},
    .make = make_roberta,
    .head_probe = "classifier.out_proj.weight",
    .make_head = make_roberta_head,
    .language_head = roberta_language_head,
};

}  // namespace sentence_transformers
