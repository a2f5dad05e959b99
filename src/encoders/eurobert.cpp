// EuroBERT (Boizard et al., 2025), as transformers 5.23 computes it in
// models/eurobert/modeling_eurobert.py: a Llama whose tokens see both sides.
#include "encoders/architecture.h"
#include "encoders/decoder.h"

namespace sentence_transformers {
namespace {

std::shared_ptr<Encoder> make(const Config& config, const Weights& weights) {
  return make_decoder(config, weights, {.norm_eps = 1e-5, .causal = false});
}

}  // namespace

const Architecture kEuroBert = {
    .model_types = {{"eurobert", "EuroBertForSequenceClassification"}},
    .prefix = "model",
    .probe = "embed_tokens",
    .optional = {"rotary_emb."},
    .make = make,
};

}  // namespace sentence_transformers
