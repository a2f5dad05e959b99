// ELECTRA (Clark et al., 2020), as transformers 5.23 computes it in
// models/electra/modeling_electra.py: BERT whose embeddings may be smaller than its layers.
#include "encoders/architecture.h"
#include "encoders/heads.h"
#include "encoders/transformer_encoder.h"

namespace sentence_transformers {
namespace {

std::shared_ptr<Encoder> make(const Config& config, const Weights& weights) {
  const CommonSizes sizes(config);
  const LayerConfig layer = bert_layer(config, sizes);
  TransformerConfig electra;
  electra.hidden_size = sizes.hidden_size;
  electra.max_positions = config.get_at_least("max_position_embeddings", 512, 1);
  electra.embeddings = {.vocab_size = sizes.vocab_size,
                        .size = config.get_at_least("embedding_size", 128, 1),
                        .words = "embeddings.word_embeddings",
                        .positions = "embeddings.position_embeddings",
                        .position_count = electra.max_positions,
                        .token_types = "embeddings.token_type_embeddings",
                        .token_type_count = config.get_at_least("type_vocab_size", 2, 1),
                        .norm = "embeddings.LayerNorm",
                        .norm_config = layer.norm,
                        .dropout = layer.output_dropout,
                        .hidden_size = sizes.hidden_size};
  if (electra.embeddings.size != sizes.hidden_size) {
    electra.embeddings.projection = "embeddings_project";
  }
  for (int64_t i = 0; i < sizes.layers; ++i) {
    electra.layers.emplace_back("encoder.layer." + std::to_string(i), layer);
  }
  return std::make_shared<TransformerEncoder>(std::move(electra), weights);
}

std::shared_ptr<ClassificationHead> make_electra_head(const HeadSource& source) {
  const Config& config = source.config;
  return make_head(
      source, {.dropout = config.get_below("classifier_dropout",
                                           config.get<double>("hidden_dropout_prob", 0.1), 0, 1),
               .drop_pooled = true,
               .dense = "classifier.dense",
               .activation = Activation::gelu,
               .classifier = "classifier.out_proj"});
}

}  // namespace

const Architecture kElectra = {
    .model_types = {{"electra", "ElectraForSequenceClassification"}},
    .prefix = "electra",
    .probe = "embeddings.word_embeddings",
    .optional = {"embeddings.position_ids"},
    .make = make,
    .head_probe = "classifier.out_proj.weight",
    .make_head = make_electra_head,
};

}  // namespace sentence_transformers
