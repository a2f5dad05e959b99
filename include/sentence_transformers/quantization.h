// Smaller numbers: a model that computes with bytes, and embeddings in one byte or one bit a
// dimension, as Python's sentence_transformers.util.quantization makes them.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string_view>

#pragma GCC visibility push(default)
namespace sentence_transformers {

/// What a model computes its linear layers with; its embeddings stay float32.
enum class Quantization {
  none,  ///< the model's own type
  int8   ///< weights one scale an output, activations one scale a token, on the CPU; made at load
};

/// How embeddings are stored.
enum class Precision {
  float32,  ///< [N, D] as they are
  int8,     ///< [N, D] int8: 256 equal steps between each dimension's smallest and largest value,
            ///< minus 128
  uint8,    ///< [N, D] uint8: the same, from 0
  binary,   ///< [N, ceil(D / 8)] int8: one bit a dimension (is it above 0?), first dimension in the
            ///< highest bit, minus 128
  ubinary   ///< [N, ceil(D / 8)] uint8: the same, from 0
};

/// "int8" -> Precision::int8. Throws std::invalid_argument for a name that is none.
Precision parse_precision(std::string_view name);

/// Where quantize_embeddings takes the ranges of int8 and uint8 from.
struct QuantizeOptions {
  /// [2, D]: the smallest and the largest value of each dimension.
  std::optional<at::Tensor> ranges = std::nullopt;
  /// [M, D] to take the ranges from, if none are given.
  std::optional<at::Tensor> calibration_embeddings = std::nullopt;
};

/// [N, D] float -> quantized, see Precision. int8 and uint8 take their ranges from `options`, else
/// from the embeddings themselves. Values outside the ranges go to the nearest end. Throws
/// std::invalid_argument for fewer than two rows to take ranges from, or for ranges of another
/// shape.
at::Tensor quantize_embeddings(const at::Tensor& embeddings, Precision precision,
                               const QuantizeOptions& options = {});

}  // namespace sentence_transformers
#pragma GCC visibility pop
