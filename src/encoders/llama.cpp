// Llama (Touvron et al., 2023), as transformers 5.23 computes it in models/llama/modeling_llama.py.
#include "encoders/architecture.h"
#include "encoders/decoder.h"

namespace sentence_transformers {
namespace {

std::shared_ptr<Encoder> make_llama(const Config& config, const Weights& weights) {
  return make_decoder(config, weights, {});
}

}  // namespace

const Architecture kLlama = {
    .model_types = {{"llama", "LlamaForSequenceClassification", "LlamaForCausalLM"}},
    .prefix = "model",
    .probe = "embed_tokens",
    .optional = {"rotary_emb."},
    .make = make_llama,
    .head_probe = "score.weight",
    .make_head = make_decoder_head,
};

}  // namespace sentence_transformers
