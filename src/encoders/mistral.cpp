// Mistral (Jiang et al., 2023), as transformers 5.23 computes it in
// models/mistral/modeling_mistral.py: windows in all layers.
#include "encoders/architecture.h"
#include "encoders/decoder.h"

namespace sentence_transformers {
namespace {

std::shared_ptr<Encoder> make_mistral(const Config& config, const Weights& weights) {
  return make_decoder(config, weights, {.reads_attention_bias = false, .windows_everywhere = true});
}

}  // namespace

const Architecture kMistral = {
    .model_types = {{"mistral", "MistralForSequenceClassification", "MistralForCausalLM"}},
    .prefix = "model",
    .probe = "embed_tokens",
    .optional = {"rotary_emb."},
    .make = make_mistral,
    .head_probe = "score.weight",
    .make_head = make_decoder_head,
};

}  // namespace sentence_transformers
