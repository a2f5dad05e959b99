#include "encoders/language_head.h"

#include <ATen/ATen.h>

#include "encoders/transformer_encoder.h"

namespace sentence_transformers {
namespace {

class WordScores : public LanguageHead {
 public:
  WordScores(const LanguageHeadConfig& config, const Weights& weights, TransformerEncoder& encoder)
      : activation_(config.activation) {
    const int64_t size = encoder.hidden_size(), words = encoder.vocab_size();
    dense_ = add_linear(config.dense, weights, size, size, config.dense_bias);
    norm_ = add_norm(config.norm, weights, size, config.norm_config);
    // Registered by the checkpoint's names; a table that is the encoder's stays the encoder's
    // alone, also where the file has its numbers twice.
    const std::string weight = config.decoder + ".weight", own_bias = config.decoder + ".bias";
    at::Tensor table = encoder.words()->weight;
    if (weights.contains(weight)) {
      const at::Tensor own = weights.get(weight, {words, size});
      if (!config.ties_words || !at::equal(own, table)) table = add_parameter(weight, own);
    }
    at::Tensor bias;
    if (config.decoder_bias) {
      // Where both are there, the own one counts; the other is a rest of older files.
      const std::string& name = weights.contains(own_bias) ? own_bias : config.bias;
      bias = add_parameter(name, weights.get(name, {words}));
    }
    decoder_ = add_product(std::make_shared<Linear>(std::make_shared<Projection>(table, bias)));
  }

  at::Tensor forward(const at::Tensor& hidden_states) const override {
    return decoder_->forward(norm_->forward(dense_->forward(hidden_states, activation_)));
  }

 private:
  Activation activation_;
  std::shared_ptr<Linear> dense_, decoder_;
  std::shared_ptr<Norm> norm_;
};

}  // namespace

std::shared_ptr<LanguageHead> make_language_head(const LanguageHeadConfig& config,
                                                 const Weights& weights, Encoder& encoder) {
  return std::make_shared<WordScores>(config, weights, dynamic_cast<TransformerEncoder&>(encoder));
}

}  // namespace sentence_transformers
