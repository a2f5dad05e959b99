// Qwen2 (Yang et al., 2024), as transformers 5.23 computes it in models/qwen2/modeling_qwen2.py.
#include "encoders/architecture.h"
#include "encoders/decoder.h"

namespace sentence_transformers {
namespace {

std::shared_ptr<Encoder> make_qwen2(const Config& config, const Weights& weights) {
  return make_decoder(
      config, weights,
      {.reads_attention_bias = false, .query_key_value_bias = true, .optional_windows = true});
}

}  // namespace

const Architecture kQwen2 = {
    .model_types = {{"qwen2", "Qwen2ForSequenceClassification", "Qwen2ForCausalLM"}},
    .prefix = "model",
    .probe = "embed_tokens",
    .optional = {"rotary_emb."},
    .make = make_qwen2,
    .head_probe = "score.weight",
    .make_head = make_decoder_head,
};

}  // namespace sentence_transformers
