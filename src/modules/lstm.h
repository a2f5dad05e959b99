// An LSTM over the tokens of each text.
#pragma once

#include <vector>

#include "modules/module.h"
#include "nn/layers.h"

namespace sentence_transformers {

/// As sentence-transformers 6.2's sentence_transformer/modules/lstm.py.
class Lstm : public Module {
 public:
  /// Reads lstm_config.json and the weights.
  Lstm(const std::filesystem::path& folder, const FeatureSizes& sizes);

  void forward(Features& features) const override;
  FeatureSizes output_sizes(FeatureSizes sizes) const override;
  std::string type() const override { return "LSTM"; }
  void write(const std::filesystem::path& folder) const override;

 private:
  int64_t directions() const { return bidirectional_ ? 2 : 1; }

  int64_t in_size_, hidden_size_, layers_;
  bool bidirectional_;
  std::shared_ptr<Dropout> dropout_;         // between layers
  std::vector<at::Tensor> parameters_ = {};  // as at::lstm wants them
};

}  // namespace sentence_transformers
