// The losses of cross-encoders as functions of logits, without a model.
#pragma once

#include <sentence_transformers/cross_encoder_losses.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace sentence_transformers {

/// For each of `anchors` the places of its negatives among all candidates, column by column
/// [columns * anchors]: [anchors, K] int64, never its own positive or hard negatives. `count` are
/// drawn by LibTorch's default CPU generator; all if there is none, or there are not more.
at::Tensor in_batch_negatives(int64_t anchors, int64_t columns, std::optional<int64_t> count);

/// logits: [N, K], the answer's first -> scalar.
at::Tensor ranking_loss(const at::Tensor& logits, const CrossEncoderRankingOptions& options);

/// Rows of different lengths, one after the other in `values`, as a matrix: [sum] -> [N, longest].
at::Tensor padded(const at::Tensor& values, const std::vector<int64_t>& lengths, double padding);

// logits, labels: [N, K], padded with kPaddedLogit and kPaddedLabel -> scalar.

inline constexpr double kPaddedLogit = -1e16;
inline constexpr double kPaddedLabel = -std::numeric_limits<double>::infinity();

at::Tensor lambda_loss(const at::Tensor& logits, const at::Tensor& labels,
                       const LambdaLossOptions& options);
at::Tensor list_net_loss(const at::Tensor& logits, const at::Tensor& labels);

}  // namespace sentence_transformers
