// Losses of triplets, given or found within a batch by class labels. Ports of
// sentence_transformers/sentence_transformer/losses (6.2.0): triplet.py, batch_all_triplet.py,
// batch_hard_triplet.py, batch_semi_hard_triplet.py, batch_hard_soft_margin_triplet.py.
#include <ATen/ATen.h>
#include <c10/core/impl/LocalDispatchKeySet.h>
#include <sentence_transformers/triplet_losses.h>

#include <limits>
#include <optional>
#include <stdexcept>

#include "training/batch.h"

namespace sentence_transformers {
namespace {

/// [N, D], [N, D] -> [N].
at::Tensor distance(DistanceMetric metric, const at::Tensor& a, const at::Tensor& b) {
  switch (metric) {
    case DistanceMetric::cosine:
      return 1 - util::pairwise_cos_sim(a, b);
    case DistanceMetric::euclidean:
      return -util::pairwise_euclidean_sim(a, b);
    case DistanceMetric::manhattan:
      return -util::pairwise_manhattan_sim(a, b);
  }
  throw std::invalid_argument("[TripletLoss] no distance");
}

/// [N, D] -> [N, N], exactly 0 from a row to itself, where the gradient is 0, too.
at::Tensor all_distances(DistanceMetric metric, const at::Tensor& embeddings) {
  if (metric == DistanceMetric::cosine) return 1 - util::cos_sim(embeddings, embeddings);
  // Differences of large numbers: in float32 under autocast, too.
  const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
  const at::Tensor x = embeddings.element_size() < 4 ? embeddings.to(at::kFloat) : embeddings;
  const at::Tensor products = at::mm(x, x.t());
  const at::Tensor squares = products.diagonal();
  const at::Tensor squared = squares.unsqueeze(0) - 2 * products + squares.unsqueeze(1);
  const at::Tensor none = squared <= 0;  // rounding may go below
  return squared.masked_fill(none, 1).sqrt().masked_fill(none, 0);
}

at::Tensor same_label(const at::Tensor& labels) {
  return labels.unsqueeze(0) == labels.unsqueeze(1);
}

/// [N, N] bool: two examples of one class.
at::Tensor positive_pairs(const at::Tensor& labels) {
  at::Tensor mask = same_label(labels);
  mask.fill_diagonal_(false);
  return mask;
}

/// Without what is below 0.
at::Tensor costs(const at::Tensor& losses) { return losses.masked_fill(losses < 0, 0); }

/// The mean over all triplets that cost something.
at::Tensor every_triplet(const at::Tensor& distances, const at::Tensor& labels, double margin) {
  const std::vector<at::Tensor> pairs = positive_pairs(labels).nonzero().unbind(1);
  const at::Tensor to_positive = distances.index({pairs[0], pairs[1]}).unsqueeze(1);  // [P, 1]
  const at::Tensor to_all = distances.index_select(0, pairs[0]);                      // [P, N]
  const at::Tensor is_negative =
      labels.index_select(0, pairs[0]).unsqueeze(1) != labels.unsqueeze(0);
  const at::Tensor losses = costs((to_positive - to_all + margin) * is_negative);
  const int64_t costly = (losses > 1e-16).sum().item<int64_t>();
  return losses.sum() / (static_cast<double>(costly) + 1e-16);
}

/// Farthest positive less closest negative of each anchor, [N, 1]. Without a positive the former is
/// 0; without a negative the latter is the largest distance.
at::Tensor hardest(const at::Tensor& distances, const at::Tensor& labels) {
  const at::Tensor positive = std::get<0>((distances * positive_pairs(labels)).max(1, true));
  const at::Tensor farthest = std::get<0>(distances.max(1, true));
  const at::Tensor negative = std::get<0>((distances + farthest * same_label(labels)).min(1, true));
  return positive - negative;
}

/// For each positive pair the closest negative farther than the positive, else the farthest.
at::Tensor semi_hard(const at::Tensor& distances, const at::Tensor& labels, double margin) {
  const at::Tensor same = same_label(labels);
  const at::Tensor negatives = distances.masked_fill(same, std::numeric_limits<float>::infinity());
  const at::Tensor sorted = std::get<0>(negatives.sort(std::optional<bool>(true), 1));
  const at::Tensor place =
      at::searchsorted(sorted.detach().contiguous(), distances.detach().contiguous(),
                       /*out_int32=*/false, /*right=*/true);
  const at::Tensor outside = sorted.gather(1, place.clamp_max(labels.size(0) - 1));
  const at::Tensor closest = std::get<0>(distances.min(1, true));
  const at::Tensor inside =
      std::get<0>(((distances - closest) * same.logical_not()).max(1, true)) + closest;
  const at::Tensor negative = at::where(outside.isfinite(), outside, inside);
  const at::Tensor positives = positive_pairs(labels);
  const at::Tensor losses =
      at::maximum((distances - negative + margin) * positives, distances.new_zeros({1}));
  return losses.sum() / positives.sum().clamp_min(1);
}

}  // namespace

TripletLoss::TripletLoss(DistanceMetric distance, double margin)
    : distance_(distance), margin_(margin) {}

at::Tensor TripletLoss::compute(const std::vector<at::Tensor>& embeddings, const Batch&) {
  expect_texts(name(), embeddings.size(), 3, 3);
  const at::Tensor to_positive = distance(distance_, embeddings[0], embeddings[1]);
  const at::Tensor to_negative = distance(distance_, embeddings[0], embeddings[2]);
  return at::relu(to_positive - to_negative + margin_).mean();
}

BatchTripletLoss::BatchTripletLoss(BatchTriplets kind, DistanceMetric distance, double margin)
    : kind_(kind), distance_(distance), margin_(margin) {
  if (distance == DistanceMetric::manhattan) {
    throw std::invalid_argument("[" + BatchTripletLoss::name() +
                                "] expected distance cosine or euclidean, found manhattan");
  }
}

std::string BatchTripletLoss::name() const {
  switch (kind_) {
    case BatchTriplets::all:
      return "BatchAllTripletLoss";
    case BatchTriplets::hard:
      return "BatchHardTripletLoss";
    case BatchTriplets::semi_hard:
      return "BatchSemiHardTripletLoss";
    case BatchTriplets::hard_soft_margin:
      return "BatchHardSoftMarginTripletLoss";
  }
  return "BatchTripletLoss";
}

at::Tensor BatchTripletLoss::compute(const std::vector<at::Tensor>& embeddings,
                                     const Batch& batch) {
  expect_texts(name(), embeddings.size(), 1, 1);
  const at::Tensor labels = single_labels(name(), batch, embeddings[0]);
  const at::Tensor distances = all_distances(distance_, embeddings[0]);
  switch (kind_) {
    case BatchTriplets::all:
      return every_triplet(distances, labels, margin_);
    case BatchTriplets::hard:
      return costs(hardest(distances, labels) + margin_).mean();
    case BatchTriplets::semi_hard:
      return semi_hard(distances, labels, margin_);
    case BatchTriplets::hard_soft_margin:
      return at::softplus(hardest(distances, labels)).mean();
  }
  throw std::invalid_argument("[BatchTripletLoss] no kind of triplets");
}

BatchAllTripletLoss::BatchAllTripletLoss(DistanceMetric distance, double margin)
    : BatchTripletLoss(BatchTriplets::all, distance, margin) {}
BatchHardTripletLoss::BatchHardTripletLoss(DistanceMetric distance, double margin)
    : BatchTripletLoss(BatchTriplets::hard, distance, margin) {}
BatchSemiHardTripletLoss::BatchSemiHardTripletLoss(DistanceMetric distance, double margin)
    : BatchTripletLoss(BatchTriplets::semi_hard, distance, margin) {}
BatchHardSoftMarginTripletLoss::BatchHardSoftMarginTripletLoss(DistanceMetric distance)
    : BatchTripletLoss(BatchTriplets::hard_soft_margin, distance) {}

}  // namespace sentence_transformers
