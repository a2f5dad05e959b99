// What losses of sparse autoencoders compare.
#pragma once

#include <ATen/core/Tensor.h>

#pragma GCC visibility push(default)
namespace sentence_transformers {

/// What a SparseAutoEncoder makes of N dense embeddings of D dimensions, through autograd, by the
/// names that Python has for the parts.
struct AutoEncoderOutputs {
  at::Tensor sentence_embedding = {};           ///< [N, V]: of each row the k largest latents
  at::Tensor sentence_embedding_backbone = {};  ///< [N, D]: what went in
  at::Tensor decoded_embedding_k = {};          ///< [N, D]: decoded from sentence_embedding
  at::Tensor decoded_embedding_4k = {};         ///< [N, D]: decoded from the 4k largest latents
  /// [N, D]: decoded from the k_aux largest of the latents that were not active for long; undefined
  /// where the module's k_aux is 0.
  at::Tensor decoded_embedding_aux = {};
  at::Tensor decoded_embedding_k_pre_bias = {};  ///< [N, D]: decoded_embedding_k without its bias
};

}  // namespace sentence_transformers
#pragma GCC visibility pop
