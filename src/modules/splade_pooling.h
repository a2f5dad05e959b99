// Scores of words at each token to one sparse vector of words a text.
#pragma once

#include "core/config.h"
#include "modules/module.h"

namespace sentence_transformers {

/// As sentence-transformers 6.2's sparse_encoder/modules/splade_pooling.py (arXiv 2109.10086):
/// log(1 + relu(score)) of each word, the largest of all tokens or their sum. Special tokens count.
class SpladePooling : public Module {
 public:
  enum class Strategy { max, sum };

  SpladePooling(int64_t words, Strategy strategy) : words_(words), strategy_(strategy) {}
  /// Reads config.json. Throws LoadError for a strategy or an activation that Python does not know.
  SpladePooling(const Config& config, int64_t words);

  /// token_embeddings, by Features::words -> sentence_embedding [N, words]. Scores are made for a
  /// few hundred tokens at a time.
  void forward(Features& features) const override;
  FeatureSizes output_sizes(FeatureSizes) const override { return {.sentence_embedding = words_}; }
  std::string type() const override { return "SpladePooling"; }
  std::string python_path() const override;
  void write(const std::filesystem::path& folder) const override;

 private:
  at::Tensor activate(const at::Tensor& scores) const;
  at::Tensor pool(const at::Tensor& scores, int64_t dim) const;

  int64_t words_;
  Strategy strategy_;
  bool twice_ = false;  // "log1p_relu": the logarithm of the logarithm
};

}  // namespace sentence_transformers
