// DeBERTa-v2's convolution: each token's neighbours mixed in, beside the first layer.
#pragma once

#include "nn/activation.h"
#include "nn/block.h"
#include "nn/token_batch.h"

namespace sentence_transformers {

struct ConvolutionConfig {
  int64_t size = 0;    // of hidden states
  int64_t kernel = 1;  // tokens, an odd number
  int64_t groups = 1;
  Activation activation = Activation::tanh;
  double dropout = 0;
  NormConfig norm = {};
};

/// norm(residual + activation(convolution of x)); beyond a text's ends stand zeros.
class Convolution : public Block {
 public:
  /// Reads "conv" and "LayerNorm".
  Convolution(const ConvolutionConfig& config, const Weights& weights);
  /// Hidden states [T, size] both -> [T, size].
  at::Tensor forward(const at::Tensor& x, const at::Tensor& residual,
                     const TokenBatch& batch) const;

 private:
  ConvolutionConfig config_;
  at::Tensor weight_, bias_;  // [size, size / groups, kernel], [size]
  std::shared_ptr<Norm> norm_;
  std::shared_ptr<Dropout> dropout_;
};

}  // namespace sentence_transformers
