// Ports of sentence_transformers/cross_encoder/losses (6.2.0): multiple_negatives_ranking.py,
// lambda_loss.py, list_net.py.
#include "training/cross_encoder_math.h"

#include <ATen/ATen.h>

#include <cmath>

namespace sentence_transformers {
namespace {

/// [..., K, K]: what differs between place i and place j of the last dimension.
at::Tensor differences(const at::Tensor& x) { return x.unsqueeze(-1) - x.unsqueeze(-2); }

/// Of places i and j by the distance between them: |1 / D(|i - j|) - 1 / D(|i - j| + 1)|, 0 for i =
/// j. discount: [K] -> [K, K].
at::Tensor distance_weights(const at::Tensor& discount) {
  const at::Tensor places = at::arange(discount.size(0), discount.options().dtype(at::kLong));
  const at::Tensor distances = differences(places).abs();
  const at::Tensor inverse = discount.reciprocal();
  const at::Tensor nearer = inverse.take((distances - 1).clamp_min(0));
  return (nearer - inverse.take(distances)).abs();
}

/// gain: [N, K], discount: [K] -> what broadcasts to [N, K, K].
at::Tensor pair_weights(const at::Tensor& gain, const at::Tensor& discount,
                        const LambdaLossOptions& options) {
  if (options.weighting == LambdaWeighting::none) return at::ones({1}, gain.options());
  if (options.weighting == LambdaWeighting::ndcg_loss1) return (gain / discount).unsqueeze(2);
  const at::Tensor gains = differences(gain).abs();
  const at::Tensor lambda_rank = differences(discount.reciprocal()).abs() * gains;
  if (options.weighting == LambdaWeighting::lambda_rank) return lambda_rank;
  const at::Tensor ndcg_loss2 = distance_weights(discount) * gains;
  if (options.weighting == LambdaWeighting::ndcg_loss2) return ndcg_loss2;
  return options.mu * ndcg_loss2 + lambda_rank;
}

}  // namespace

at::Tensor in_batch_negatives(int64_t anchors, int64_t columns, std::optional<int64_t> count) {
  const at::Tensor allowed =
      at::eye(anchors, at::dtype(at::kBool)).logical_not().repeat({1, columns});
  const int64_t available = (anchors - 1) * columns;
  if (count && *count < available) return at::multinomial(allowed.to(at::kFloat), *count);
  return allowed.nonzero().select(1, 1).view({anchors, available});
}

at::Tensor ranking_loss(const at::Tensor& logits, const CrossEncoderRankingOptions& options) {
  at::Tensor scores = options.activation == ScoreActivation::sigmoid ? logits.sigmoid() : logits;
  if (options.scale != 0) scores = scores * options.scale;
  const at::Tensor answers = at::zeros({scores.size(0)}, scores.options().dtype(at::kLong));
  return at::cross_entropy_loss(scores, answers);
}

at::Tensor padded(const at::Tensor& values, const std::vector<int64_t>& lengths, double padding) {
  std::vector<at::Tensor> rows;
  int64_t longest = 0;
  for (const int64_t length : lengths) longest = std::max(longest, length);
  for (const at::Tensor& row : values.split_with_sizes(lengths)) {
    rows.push_back(at::constant_pad_nd(row, {0, longest - row.size(0)}, padding));
  }
  return at::stack(rows);
}

at::Tensor lambda_loss(const at::Tensor& logits, const at::Tensor& labels,
                       const LambdaLossOptions& options) {
  const int64_t longest = logits.size(1);
  const int64_t top = std::min(options.k.value_or(longest), longest);
  const auto [ranked, order] = logits.sort(/*dim=*/-1, /*descending=*/true);
  const at::Tensor ranked_labels = labels.gather(1, order);
  const at::Tensor ideal_labels = std::get<0>(labels.sort(-1, true)).clamp_min(0);

  // Pairs that count: both real, the first the better one, and one of them among the first k.
  const at::Tensor label_differences = differences(ranked_labels);
  at::Tensor counts = label_differences.isfinite();
  if (options.weighting != LambdaWeighting::ndcg_loss1) {
    counts = counts.logical_and(label_differences > 0);
  }
  const at::Tensor is_top = at::arange(longest, logits.options().dtype(at::kLong)) < top;
  counts = counts.logical_and(is_top.unsqueeze(0).logical_or(is_top.unsqueeze(1)));

  const at::Tensor discount = at::arange(2, longest + 2, logits.options()).log2();  // [K]
  const at::Tensor ideal =
      ((at::exp2(ideal_labels) - 1) / discount).narrow(1, 0, top).sum(-1, true);
  const at::Tensor gain = (at::exp2(ranked_labels.clamp_min(0)) - 1) / ideal.clamp_min(options.eps);
  const at::Tensor weights = pair_weights(gain, discount, options);

  const at::Tensor leads = differences(ranked).clamp(-1e8, 1e8);
  at::Tensor losses = weights * at::log_sigmoid(options.sigma * leads);
  if (options.binary_log) losses = losses / std::log(2.0);
  const at::Tensor counted = losses.masked_select(counts);
  return -counted.sum() / std::max<int64_t>(counted.numel(), 1);
}

at::Tensor list_net_loss(const at::Tensor& logits, const at::Tensor& labels) {
  return at::cross_entropy_loss(logits, labels.softmax(1));
}

}  // namespace sentence_transformers
