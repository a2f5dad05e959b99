// ALBERT (Lan et al., 2020), as transformers 5.23 computes it in models/albert/modeling_albert.py:
// small embeddings, and layers that share their parameters in groups.
#include <sentence_transformers/error.h>

#include "encoders/architecture.h"
#include "encoders/heads.h"
#include "encoders/transformer_encoder.h"

namespace sentence_transformers {
namespace {

constexpr int64_t kMostInner = 100;

std::shared_ptr<Encoder> make_albert(const Config& config, const Weights& weights) {
  const CommonSizes sizes(config);
  LayerConfig layer = bert_layer(config, sizes);
  layer.activation = parse_activation(config.get<std::string>("hidden_act", "gelu_new"),
                                      "[Albert] " + config.name("hidden_act"));
  layer.attention_dropout = config.get_below("attention_probs_dropout_prob", 0, 0, 1);
  layer.attention_output_dropout = layer.output_dropout =
      config.get_below("hidden_dropout_prob", 0, 0, 1);
  layer.names = {.query_key_value = {"attention.query", "attention.key", "attention.value"},
                 .attention_output = "attention.dense",
                 .attention_norm = "attention.LayerNorm",
                 .intermediate = {"ffn"},
                 .output = "ffn_output",
                 .output_norm = "full_layer_layer_norm"};

  TransformerConfig albert;
  albert.hidden_size = sizes.hidden_size;
  albert.embeddings = bert_embeddings(config, layer, config.get_at_least("embedding_size", 128, 1),
                                      config.get_at_least("type_vocab_size", 2, 1));
  albert.embeddings.projection = "encoder.embedding_hidden_mapping_in";
  albert.max_positions = albert.embeddings.position_count;
  const auto groups = config.get<int64_t>("num_hidden_groups", 1);
  const auto inner = config.get<int64_t>("inner_group_num", 1);
  if (groups < 1 || groups > sizes.layers || inner < 1 || inner > kMostInner) {
    throw LoadError("[Albert] " + config.name("num_hidden_groups") + ": expected 1 to " +
                    std::to_string(sizes.layers) + ", and inner_group_num 1 to " +
                    std::to_string(kMostInner) + ", found " + std::to_string(groups) + " and " +
                    std::to_string(inner));
  }
  for (int64_t group = 0; group < groups; ++group) {
    albert.add_layers("encoder.albert_layer_groups." + std::to_string(group) + ".albert_layers",
                      layer, inner);
  }
  for (int64_t i = 0; i < sizes.layers; ++i) {
    const auto group = static_cast<int64_t>(
        static_cast<double>(i) / (static_cast<double>(sizes.layers) / static_cast<double>(groups)));
    for (int64_t j = 0; j < inner; ++j) {
      albert.order.push_back(static_cast<size_t>(group * inner + j));
    }
  }
  albert.pooler = "pooler";
  return std::make_shared<TransformerEncoder>(std::move(albert), weights);
}

std::shared_ptr<ClassificationHead> make_albert_head(const HeadSource& source) {
  return make_pooler_head(source, source.config.get_below("classifier_dropout_prob", 0.1, 0, 1));
}

}  // namespace

const Architecture kAlbert = {
    .model_types = {{"albert", "AlbertForSequenceClassification"}},
    .prefix = "albert",
    .probe = "embeddings.word_embeddings",
    .optional = {"embeddings.position_ids"},
    .make = make_albert,
    .head_probe = "classifier.weight",
    .make_head = make_albert_head,
};

}  // namespace sentence_transformers
