// The labels of a MarginMSELoss, of embeddings and of cross-encoders.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

namespace sentence_transformers {

/// [N, negatives]: labels [N, negatives] as they are, or of scores [N, 1 + negatives] the
/// positive's less each negative's. Throws std::invalid_argument for another number of labels.
at::Tensor teacher_margins(const std::string& loss, const at::Tensor& labels, int64_t negatives);

}  // namespace sentence_transformers
