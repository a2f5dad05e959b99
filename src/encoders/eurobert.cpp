// EuroBERT (Boizard et al., 2025), as transformers 5.23 computes it in
// models/eurobert/modeling_eurobert.py: a Llama whose tokens see both sides.
#include <sentence_transformers/error.h>

#include <map>

#include "core/quoted.h"
#include "encoders/architecture.h"
#include "encoders/decoder.h"
#include "encoders/heads.h"

namespace sentence_transformers {
namespace {

std::shared_ptr<Encoder> make_eurobert(const Config& config, const Weights& weights) {
  return make_decoder(config, weights, {.norm_eps = 1e-5, .causal = false});
}

/// classifier_pooling: the first token, the mean of the tokens, or by default the mean of each
/// token's logits.
std::shared_ptr<ClassificationHead> make_eurobert_head(const HeadSource& source) {
  using Pooling = HeadConfig::Pooling;
  const std::map<std::string, Pooling> kinds = {
      {"bos", Pooling::first}, {"mean", Pooling::mean}, {"late", Pooling::late}};
  const auto kind = source.config.get<std::string>("classifier_pooling", "late");
  const auto found = kinds.find(kind);
  if (found == kinds.end()) {
    throw UnsupportedError("[EuroBert] " + source.config.name("classifier_pooling") + " is " +
                           in_quotes(kind) + "; known: bos, late, mean");
  }
  return make_head(source,
                   {.pooling = found->second, .dense = "dense", .activation = Activation::gelu});
}

}  // namespace

const Architecture kEuroBert = {
    .model_types = {{"eurobert", "EuroBertForSequenceClassification"}},
    .prefix = "model",
    .probe = "embed_tokens",
    .optional = {"rotary_emb."},
    .make = make_eurobert,
    .head_probe = "classifier.weight",
    .make_head = make_eurobert_head,
};

}  // namespace sentence_transformers
