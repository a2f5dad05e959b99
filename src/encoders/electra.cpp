// ELECTRA (Clark et al., 2020), as transformers 5.23 computes it in
// models/electra/modeling_electra.py: BERT whose embeddings may be smaller than its layers.
#include "encoders/architecture.h"
#include "encoders/heads.h"
#include "encoders/transformer_encoder.h"

namespace sentence_transformers {
namespace {

std::shared_ptr<Encoder> make_electra(const Config& config, const Weights& weights) {
  const CommonSizes sizes(config);
  const LayerConfig layer = bert_layer(config, sizes);
  TransformerConfig electra;
  electra.hidden_size = sizes.hidden_size;
  electra.embeddings = bert_embeddings(config, layer, config.get_at_least("embedding_size", 128, 1),
                                       config.get_at_least("type_vocab_size", 2, 1));
  if (electra.embeddings.size != sizes.hidden_size) {
    electra.embeddings.projection = "embeddings_project";
  }
  electra.max_positions = electra.embeddings.position_count;
  electra.add_layers("encoder.layer", layer, sizes.layers);
  return std::make_shared<TransformerEncoder>(std::move(electra), weights);
}

std::shared_ptr<ClassificationHead> make_electra_head(const HeadSource& source) {
  return make_dense_head(source, Activation::gelu, read_head_dropout(source.config));
}

}  // namespace

const Architecture kElectra = {
    .model_types = {{"electra", "ElectraForSequenceClassification"}},
    .prefix = "electra",
    .probe = "embeddings.word_embeddings",
    .optional = {"embeddings.position_ids"},
    .make = make_electra,
    .head_probe = "classifier.out_proj.weight",
    .make_head = make_electra_head,
};

}  // namespace sentence_transformers
