// What search, mining and clusters ask of their inputs, and the one order of scores they share.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <utility>

namespace sentence_transformers::util {

/// Throws std::invalid_argument for a value below 1.
void require_positive(const std::string& function, const char* name, int64_t value);

/// [N, D], from that or [D]. Throws std::invalid_argument otherwise.
at::Tensor matrix(const at::Tensor& tensor, const std::string& function);

/// Half precision in float32, anything else as it is.
at::Tensor full_precision(const at::Tensor& x);

/// The scores with minus infinity for each that is NaN.
at::Tensor without_nan(const at::Tensor& scores);

/// The k best of each row of scores [N, M], and where they stand: at::topk, but NaN counts as minus
/// infinity instead of as the largest number.
std::pair<at::Tensor, at::Tensor> best_of_rows(const at::Tensor& scores, int64_t k, bool sorted);

}  // namespace sentence_transformers::util
