// Token embeddings to one vector a text.
#pragma once

#include <string>
#include <vector>

#include "core/config.h"
#include "modules/module.h"

namespace sentence_transformers {

enum class PoolingMode { cls, max, mean, mean_sqrt_len_tokens, weightedmean, lasttoken };

/// Several modes stand side by side in the result, in their order. As sentence-transformers 6.2's
/// modules/pooling.py.
class Pooling : public Module {
 public:
  Pooling(int64_t size, std::vector<PoolingMode> modes, bool include_prompt = true);
  /// Reads both spellings: "pooling_mode" and the older booleans. Throws LoadError for a bad config
  /// or a size that does not fit.
  static std::shared_ptr<Pooling> from_config(const Config& config, int64_t input_size);

  void forward(Features& features) const override;
  FeatureSizes output_sizes(FeatureSizes sizes) const override {
    return {sizes.token_embeddings, size_ * static_cast<int64_t>(modes_.size())};
  }
  bool reads_first_alone() const override {
    return include_prompt_ && modes_ == std::vector{PoolingMode::cls};
  }
  std::string type() const override { return "Pooling"; }
  /// config.json, with today's names and the older booleans that every version reads.
  void write(const std::filesystem::path& folder) const override;

 private:
  at::Tensor pool(const at::Tensor& tokens, PoolingMode mode, int64_t skip,
                  const at::Tensor& weights_sum) const;

  int64_t size_;
  std::vector<PoolingMode> modes_;
  bool include_prompt_;
};

}  // namespace sentence_transformers
