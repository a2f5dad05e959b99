// DeBERTa-v2 and v3 (He et al., 2021), as transformers 5.23 computes them in
// models/deberta_v2/modeling_deberta_v2.py: BERT whose attention also sees the distance of two
// tokens as learned vectors.
#include <sentence_transformers/error.h>

#include <cmath>

#include "encoders/architecture.h"
#include "encoders/heads.h"
#include "encoders/transformer_encoder.h"

namespace sentence_transformers {
namespace {

/// A list, or names with bars between them: does it have this one?
bool names_one(const Config& config, const std::string& key, const std::string& wanted) {
  if (!config.has(key)) return false;
  const nlohmann::json& value = config.json()[key];
  if (value.is_array()) {
    return std::find(value.begin(), value.end(), wanted) != value.end();
  }
  const auto text = config.require<std::string>(key);
  for (size_t begin = 0; begin <= text.size();) {
    const size_t bar = std::min(text.find('|', begin), text.size());
    std::string name;
    for (size_t i = begin; i < bar; ++i) {
      const bool is_upper = text[i] >= 'A' && text[i] <= 'Z';
      if (text[i] != ' ') name += static_cast<char>(is_upper ? text[i] - 'A' + 'a' : text[i]);
    }
    if (name == wanted) return true;
    begin = bar + 1;
  }
  return false;
}

/// The vectors of distances and where they stand among the encoder's parts.
std::shared_ptr<RelativePositions> read_positions(const Config& config, const Weights& weights,
                                                  const LayerConfig& layer,
                                                  TransformerConfig& deberta) {
  auto positions = std::make_shared<RelativePositions>();
  const auto own = config.get<int64_t>("max_relative_positions", -1);
  positions->max_distance = own >= 1 ? own : config.get_at_least("max_position_embeddings", 512, 1);
  positions->buckets = std::max<int64_t>(0, config.get<int64_t>("position_buckets", -1));
  const int64_t middle = positions->buckets / 2;
  if (positions->buckets > 0 && (middle < 1 || positions->max_distance <= middle + 1)) {
    throw LoadError("[DebertaV2] " + config.name("position_buckets") +
                    ": expected at least 2, and more positions than half of it and one, found " +
                    std::to_string(positions->buckets) + " and " +
                    std::to_string(positions->max_distance));
  }
  positions->span = middle > 0 ? positions->buckets : positions->max_distance;
  positions->content_to_position = names_one(config, "pos_att_type", "c2p");
  positions->position_to_content = names_one(config, "pos_att_type", "p2c");
  positions->dropout = layer.output_dropout;
  const std::string table = "encoder.rel_embeddings", norm = "encoder.LayerNorm";
  positions->table =
      std::make_shared<Embedding>(weights / table, 2 * positions->span, layer.hidden_size);
  deberta.shared.emplace_back(table, positions->table);
  if (names_one(config, "norm_rel_ebd", "layer_norm")) {
    positions->norm = std::make_shared<Norm>(weights / norm, layer.hidden_size, layer.norm);
    deberta.shared.emplace_back(norm, positions->norm);
  }
  return positions;
}

std::shared_ptr<Convolution> read_convolution(const Config& config, const Weights& weights,
                                              const LayerConfig& layer) {
  const auto kernel = config.get<int64_t>("conv_kernel_size", 0);
  if (kernel <= 0) return nullptr;
  const auto groups = config.get_at_least("conv_groups", 1, 1);
  if (kernel % 2 == 0 || layer.hidden_size % groups != 0) {
    throw LoadError("[DebertaV2] " + config.name("conv_kernel_size") +
                    ": expected an odd number, and conv_groups that divide hidden_size, found " +
                    std::to_string(kernel) + " and " + std::to_string(groups));
  }
  const ConvolutionConfig convolution = {
      .size = layer.hidden_size,
      .kernel = kernel,
      .groups = groups,
      .activation = parse_activation(config.get<std::string>("conv_act", "tanh"),
                                     "[DebertaV2] " + config.name("conv_act")),
      .dropout = layer.output_dropout,
      .norm = layer.norm};
  return std::make_shared<Convolution>(convolution, weights);
}

LayerConfig read_layer(const Config& config, const CommonSizes& sizes) {
  LayerConfig layer = bert_layer(config, sizes);
  layer.norm.eps = config.get_below("layer_norm_eps", 1e-7, 0, 1e6);
  layer.attention.head_size =
      config.get_at_least("attention_head_size", layer.attention.head_size, 1);
  const bool queries = names_one(config, "pos_att_type", "c2p");
  const bool keys = names_one(config, "pos_att_type", "p2c");
  layer.attention.scale = 1 / std::sqrt(static_cast<double>(layer.attention.head_size) *
                                        (1 + (queries ? 1 : 0) + (keys ? 1 : 0)));
  const std::string self = "attention.self.";
  layer.names.query_key_value = {self + "query_proj", self + "key_proj", self + "value_proj"};
  if (!config.get<bool>("share_att_key", false)) {
    if (queries) layer.names.position_key = self + "pos_key_proj";
    if (keys) layer.names.position_query = self + "pos_query_proj";
  }
  return layer;
}

std::shared_ptr<Encoder> make_deberta(const Config& config, const Weights& weights) {
  const CommonSizes sizes(config);
  LayerConfig layer = read_layer(config, sizes);
  TransformerConfig deberta;
  deberta.hidden_size = sizes.hidden_size;
  deberta.embeddings =
      bert_embeddings(config, layer, config.get_at_least("embedding_size", sizes.hidden_size, 1),
                      config.get_at_least("type_vocab_size", 0, 0));
  deberta.max_positions = deberta.embeddings.position_count;
  if (!config.get<bool>("position_biased_input", true)) deberta.embeddings.positions = "";
  if (deberta.embeddings.size != sizes.hidden_size) {
    deberta.embeddings.projection = "embeddings.embed_proj";
    deberta.embeddings.projects_first = true;
  }
  if (config.get<bool>("relative_attention", false)) {
    const auto positions = read_positions(config, weights, layer, deberta);
    const bool used = positions->content_to_position || positions->position_to_content;
    if (used) layer.relative_positions = positions;
  }
  deberta.add_layers("encoder.layer", layer, sizes.layers);
  const std::string name = "encoder.conv";
  if (const auto convolution = read_convolution(config, weights / name, layer)) {
    deberta.shared.emplace_back(name, convolution);
    deberta.layers[0].second.convolution = convolution;
  }
  return std::make_shared<TransformerEncoder>(std::move(deberta), weights);
}

/// DebertaV2ForSequenceClassification's: a dense layer of its own over the first token.
std::shared_ptr<ClassificationHead> make_deberta_head(const HeadSource& source) {
  const Config& config = source.config;
  return make_head(
      source, {.dropout = config.get_below("cls_dropout",
                                           config.get<double>("hidden_dropout_prob", 0.1), 0, 1),
               .pooled_dropout = config.get_below("pooler_dropout", 0, 0, 1),
               .dense = "pooler.dense",
               .activation = parse_activation(config.get<std::string>("pooler_hidden_act", "gelu"),
                                              "[DebertaV2] " + config.name("pooler_hidden_act"))});
}

}  // namespace

const Architecture kDebertaV2 = {
    .model_types = {{"deberta-v2", "DebertaV2ForSequenceClassification"}},
    .prefix = "deberta",
    .probe = "embeddings.word_embeddings",
    .optional = {"embeddings.position_ids", "embeddings.position_embeddings.", "encoder.LayerNorm.",
                 "lm_predictions.", "mask_predictions."},
    .make = make_deberta,
    .head_probe = "classifier.weight",
    .make_head = make_deberta_head,
};

}  // namespace sentence_transformers
