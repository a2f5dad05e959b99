// MPNet (Song et al., 2020), as transformers 5.23 computes it in models/mpnet/modeling_mpnet.py:
// BERT without token types, with positions that begin at 2 and a learned bias for relative
// positions.
#include <sentence_transformers/error.h>

#include "encoders/architecture.h"
#include "encoders/heads.h"
#include "encoders/transformer_encoder.h"

namespace sentence_transformers {
namespace {

// The reference uses these numbers whatever config.json says.
constexpr int64_t kPaddingId = 1, kBuckets = 32, kMaxDistance = 128;

std::shared_ptr<Encoder> make_mpnet(const Config& config, const Weights& weights) {
  const CommonSizes sizes(config);
  LayerConfig layer = bert_layer(config, sizes);
  layer.names.query_key_value = {"attention.attn.q", "attention.attn.k", "attention.attn.v"};
  layer.names.attention_output = "attention.attn.o";
  layer.names.attention_norm = "attention.LayerNorm";

  const auto buckets = config.get<int64_t>("relative_attention_num_buckets", kBuckets);
  if (buckets < kBuckets) {
    throw LoadError("[Mpnet] " + config.name("relative_attention_num_buckets") +
                    ": expected at least " + std::to_string(kBuckets) + ", found " +
                    std::to_string(buckets));
  }
  TransformerConfig mpnet;
  mpnet.hidden_size = sizes.hidden_size;
  mpnet.embeddings = bert_embeddings(config, layer, sizes.hidden_size, 0);
  mpnet.embeddings.padding_id = kPaddingId;
  const int64_t positions = mpnet.embeddings.position_count;
  if (positions <= kPaddingId + 1) {
    throw LoadError("[Mpnet] " + config.name("max_position_embeddings") +
                    ": expected more than 2, found " + std::to_string(positions));
  }
  mpnet.max_positions = positions - kPaddingId - 1;
  const std::string bias_name = "encoder.relative_attention_bias";
  const auto bias = std::make_shared<BucketBias>(weights / bias_name, buckets, sizes.heads,
                                                 kBuckets, kMaxDistance);
  mpnet.shared = {{bias_name, bias}};
  layer.distance_bias = bias;
  mpnet.add_layers("encoder.layer", layer, sizes.layers);
  mpnet.pooler = "pooler.dense";  // in many files, used by nothing
  return std::make_shared<TransformerEncoder>(std::move(mpnet), weights);
}

std::shared_ptr<ClassificationHead> make_mpnet_head(const HeadSource& source) {
  return make_dense_head(source, Activation::tanh,
                         source.config.get_below("hidden_dropout_prob", 0.1, 0, 1));
}

}  // namespace

const Architecture kMpnet = {
    .model_types = {{"mpnet", "MPNetForSequenceClassification", nullptr, "MPNetForMaskedLM"}},
    .prefix = "mpnet",
    .probe = "embeddings.word_embeddings",
    .optional = {"embeddings.position_ids", "pooler."},
    .make = make_mpnet,
    .head_probe = "classifier.out_proj.weight",
    .make_head = make_mpnet_head,
    .language_head = roberta_language_head,
};

}  // namespace sentence_transformers
