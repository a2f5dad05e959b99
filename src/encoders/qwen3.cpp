// Qwen3 (Yang et al., 2025), as transformers 5.23 computes it in models/qwen3/modeling_qwen3.py.
#include "encoders/architecture.h"
#include "encoders/decoder.h"

namespace sentence_transformers {
namespace {

std::shared_ptr<Encoder> make_qwen3(const Config& config, const Weights& weights) {
  return make_decoder(config, weights,
                      {.head_size = 128, .head_norms = true, .optional_windows = true});
}

}  // namespace

const Architecture kQwen3 = {
    .model_types = {{"qwen3", "Qwen3ForSequenceClassification", "Qwen3ForCausalLM"}},
    .prefix = "model",
    .probe = "embed_tokens",
    .optional = {"rotary_emb."},
    .make = make_qwen3,
    .head_probe = "score.weight",
    .make_head = make_decoder_head,
};

}  // namespace sentence_transformers
