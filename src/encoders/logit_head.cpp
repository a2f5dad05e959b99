#include "encoders/logit_head.h"

#include <ATen/ATen.h>
#include <sentence_transformers/error.h>

#include "encoders/transformer_encoder.h"

namespace sentence_transformers {
namespace {

class LogitHead : public ClassificationHead {
 public:
  LogitHead(const Config& config, const Weights& weights, TransformerEncoder& encoder,
            const LogitScoreConfig& score)
      : tokens_{score.true_token_id} {
    if (score.false_token_id) tokens_.push_back(*score.false_token_id);
    for (const int64_t token : tokens_) {
      if (token < 0 || token >= encoder.vocab_size()) {
        throw LoadError("[LogitScore] token " + std::to_string(token) + " is outside the " +
                        std::to_string(encoder.vocab_size()) + " of " + config.file().string());
      }
    }
    if (config.get<bool>("tie_word_embeddings", false)) {
      table_ = encoder.words();
    } else {
      table_ = add("lm_head", std::make_shared<Embedding>(weights / "lm_head", encoder.vocab_size(),
                                                          encoder.hidden_size()));
    }
  }

  /// The last token counts even if it is the padding token, as behind Python's left padding.
  at::Tensor forward(const at::Tensor& hidden_states, const TokenBatch& batch) const override {
    const at::Tensor last = last_tokens(hidden_states, batch).to(at::kFloat);  // [N, D]
    const at::Tensor ids =
        at::tensor(tokens_, at::TensorOptions().dtype(at::kLong)).to(last.device());
    const at::Tensor logits = at::linear(last, table_->forward(ids).to(at::kFloat));
    return tokens_.size() == 1 ? logits : logits.narrow(1, 0, 1) - logits.narrow(1, 1, 1);
  }
  int64_t num_labels() const override { return 1; }

 private:
  std::vector<int64_t> tokens_;
  std::shared_ptr<Embedding> table_;  // two rows of it instead of a product with all
};

}  // namespace

std::shared_ptr<ClassificationHead> make_logit_head(const Config& config, const Weights& weights,
                                                    Encoder& encoder,
                                                    const LogitScoreConfig& score) {
  return std::make_shared<LogitHead>(config, weights, dynamic_cast<TransformerEncoder&>(encoder),
                                     score);
}

}  // namespace sentence_transformers
