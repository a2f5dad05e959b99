// Rotary position embeddings (Su et al., 2021) as transformers' modeling_rope_utils.py computes
// them: the halves of a head's vector are rotated against each other by angles that grow with the
// position.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "core/config.h"
#include "nn/token_batch.h"

namespace sentence_transformers {

class Rotary {
 public:
  /// `inverse_frequencies` [head_size / 2] float32; cosines and sines are multiplied by `factor`.
  Rotary(at::Tensor inverse_frequencies, double factor = 1);

  /// theta^(-2k / head_size), [head_size / 2] float32.
  static at::Tensor frequencies(int64_t head_size, double theta);

  /// By `theta` and the keys of a rope configuration: rope_type (or type) default, linear, llama3
  /// or yarn with their factors. `scaling` may be null. Throws UnsupportedError for another type.
  static std::shared_ptr<const Rotary> make(int64_t head_size, double theta, const Config* scaling);

  /// Rotates the `heads` vectors at the start of each row of x [T, >= heads * head_size]; in place
  /// where gradients are off and there is a kernel.
  at::Tensor rotate(const at::Tensor& x, int64_t heads, const TokenBatch& batch) const;

 private:
  struct Tables {
    at::Tensor cos, sin;  // [length, head_size / 2] float32 on the CPU
  };
  /// Tables of at least this length.
  std::shared_ptr<const Tables> tables(int64_t length) const;
  at::Tensor rotate_plain(const at::Tensor& x, int64_t heads, const TokenBatch& batch,
                          const Tables& tables) const;

  at::Tensor inverse_frequencies_;
  double factor_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const Tables> tables_;
};

}  // namespace sentence_transformers
