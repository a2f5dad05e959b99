// LogitScore: which tokens' logits make the score of a reranker that is a language model.
#pragma once

#include "encoders/encoder.h"
#include "modules/module.h"

namespace sentence_transformers {

/// It names the tokens and computes nothing: the transformer's head takes two rows of its table of
/// outputs instead of all, see make_logit_scorer.
class LogitScore : public Module {
 public:
  /// Reads config.json.
  explicit LogitScore(const std::filesystem::path& folder);
  explicit LogitScore(const LogitScoreConfig& config) : config_(config) {}

  const LogitScoreConfig& config() const { return config_; }
  void forward(Features&) const override {}
  std::string type() const override { return "LogitScore"; }
  std::string python_path() const override {
    return "sentence_transformers.cross_encoder.modules.logit_score.LogitScore";
  }
  void write(const std::filesystem::path& folder) const override;

 private:
  LogitScoreConfig config_;
};

}  // namespace sentence_transformers
