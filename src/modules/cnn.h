// Convolutions of several widths over the tokens of each text.
#pragma once

#include <vector>

#include "modules/module.h"

namespace sentence_transformers {

/// As sentence-transformers 6.2's sentence_transformer/modules/cnn.py, whose kernels see zeros
/// beyond a text's ends. (In a padded batch Python's see the padding's embeddings there.)
class Cnn : public Module {
 public:
  /// Reads cnn_config.json and the weights. Throws UnsupportedError for kernels that do not give a
  /// vector for each token: of even width, or with strides.
  Cnn(const std::filesystem::path& folder, const FeatureSizes& sizes);

  void forward(Features& features) const override;
  FeatureSizes output_sizes(FeatureSizes sizes) const override;
  std::string type() const override { return "CNN"; }
  void write(const std::filesystem::path& folder) const override;

 private:
  struct Convolution;

  int64_t in_size_, out_channels_;
  std::vector<int64_t> kernel_sizes_;
  std::vector<std::shared_ptr<Convolution>> convolutions_;
};

}  // namespace sentence_transformers
