// Losses of triplets: given as texts, or found within a batch by class labels.
#pragma once

#include <sentence_transformers/loss.h>

#include <string>
#include <vector>

#pragma GCC visibility push(default)
namespace sentence_transformers {

/// (anchor, positive, negative): max(d(a, p) - d(a, n) + margin, 0).
class TripletLoss : public EmbeddingLoss {
 public:
  /// `margin` is in the distance's units.
  explicit TripletLoss(DistanceMetric distance = DistanceMetric::euclidean, double margin = 5.0);
  std::string name() const override { return "TripletLoss"; }
  at::Tensor compute(const std::vector<at::Tensor>& embeddings, const Batch& batch) override;

 private:
  DistanceMetric distance_;
  double margin_;
};

/// Which triplets of a batch count.
enum class BatchTriplets { all, hard, semi_hard, hard_soft_margin };

/// One text and its class. Triplets are found within the batch by these labels: every valid one,
/// the hardest for each anchor, semi-hard ones, or the hardest with a soft margin (arXiv
/// 1703.07737).
class BatchTripletLoss : public EmbeddingLoss {
 public:
  /// cosine or euclidean; else std::invalid_argument. hard_soft_margin has no margin.
  explicit BatchTripletLoss(BatchTriplets kind, DistanceMetric distance = DistanceMetric::euclidean,
                            double margin = 5.0);
  std::string name() const override;  ///< BatchAllTripletLoss, BatchHardTripletLoss, ...
  at::Tensor compute(const std::vector<at::Tensor>& embeddings, const Batch& batch) override;

 private:
  BatchTriplets kind_;
  DistanceMetric distance_;
  double margin_;
};

/// BatchTripletLoss over every valid triplet: the mean of those that cost anything.
struct BatchAllTripletLoss : BatchTripletLoss {
  /// As BatchTripletLoss.
  explicit BatchAllTripletLoss(DistanceMetric distance = DistanceMetric::euclidean,
                               double margin = 5.0);
};

/// BatchTripletLoss over each anchor's farthest positive and closest negative.
struct BatchHardTripletLoss : BatchTripletLoss {
  /// As BatchTripletLoss.
  explicit BatchHardTripletLoss(DistanceMetric distance = DistanceMetric::euclidean,
                                double margin = 5.0);
};

/// BatchTripletLoss over each pair of a class and the closest negative beyond the positive, or the
/// farthest one if none is.
struct BatchSemiHardTripletLoss : BatchTripletLoss {
  /// As BatchTripletLoss.
  explicit BatchSemiHardTripletLoss(DistanceMetric distance = DistanceMetric::euclidean,
                                    double margin = 5.0);
};

/// BatchHardTripletLoss with log(1 + exp(d(a, p) - d(a, n))) instead of a margin.
struct BatchHardSoftMarginTripletLoss : BatchTripletLoss {
  /// As BatchTripletLoss.
  explicit BatchHardSoftMarginTripletLoss(DistanceMetric distance = DistanceMetric::euclidean);
};

}  // namespace sentence_transformers
#pragma GCC visibility pop
