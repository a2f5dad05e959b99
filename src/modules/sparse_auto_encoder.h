// Dense sentence embeddings to sparse ones: the largest latents of an autoencoder.
#pragma once

#include <sentence_transformers/auto_encoder_outputs.h>

#include "modules/module.h"
#include "nn/layers.h"

namespace sentence_transformers {

struct SparseAutoEncoderConfig {
  int64_t input_dim = 0, hidden_dim = 512;
  int64_t k = 8;        // latents that an embedding keeps
  int64_t k_aux = 512;  // latents of the auxiliary reconstruction; 0 for none
  bool normalize = false;
  int64_t dead_threshold = 30;  // batches without it after which a latent counts as dead
};

/// As sentence-transformers 6.2's sparse_encoder/modules/sparse_auto_encoder.py (CSR, arXiv
/// 2503.01776). Where there are fewer latents than shall be kept, all are; Python fails then.
class SparseAutoEncoder : public Module {
 public:
  /// Reads config.json and the weights. Throws LoadError for another input_dim than the sentence
  /// embedding before it, and for weights that do not fit.
  SparseAutoEncoder(const std::filesystem::path& folder, const FeatureSizes& sizes);
  /// New weights, by LibTorch's default generator.
  explicit SparseAutoEncoder(const SparseAutoEncoderConfig& config);

  /// sentence_embedding [N, input_dim] -> [N, hidden_dim], with Features::max_active_dims or k
  /// values; fills in Features::auto_encoder where it is asked for.
  void forward(Features& features) const override;
  FeatureSizes output_sizes(FeatureSizes sizes) const override {
    sizes.sentence_embedding = config_.hidden_dim;
    return sizes;
  }
  std::string type() const override { return "SparseAutoEncoder"; }
  std::string python_path() const override;
  void write(const std::filesystem::path& folder) const override;

  int64_t k() const { return config_.k; }

 private:
  void register_parts();

  /// The k largest of each row that are above 0; the others are 0.
  at::Tensor keep_largest(const at::Tensor& latents, int64_t k) const;
  at::Tensor decode(const at::Tensor& latents) const;

  SparseAutoEncoderConfig config_;
  at::Tensor pre_bias_, latent_bias_;    // [input_dim], [hidden_dim]
  std::shared_ptr<Projection> encoder_;  // the decoder's too, transposed
  std::shared_ptr<Linear> product_;
  // [hidden_dim] float32: whole numbers that training counts up, and no gradient changes.
  at::Tensor batches_since_active_;
};

}  // namespace sentence_transformers
