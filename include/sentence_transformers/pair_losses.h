// Losses of text pairs with a label.
#pragma once

#include <sentence_transformers/loss.h>
#include <sentence_transformers/similarity.h>

#include <cstdint>
#include <string>
#include <vector>

#pragma GCC visibility push(default)
namespace sentence_transformers {

/// Mean squared error between cosine similarity and label.
class CosineSimilarityLoss : public EmbeddingLoss {
 public:
  std::string name() const override { return "CosineSimilarityLoss"; }
  at::Tensor compute(const std::vector<at::Tensor>& embeddings, const Batch& batch) override;
};

/// Ranks pairs by label: log(1 + sum exp(scale * (s_i - s_j))) over all i, j with label i < label
/// j (CoSENT).
class CoSENTLoss : public EmbeddingLoss {
 public:
  /// `similarity` scores row by row, [N, D] x [N, D] -> [N]; `scale` is one over a temperature.
  explicit CoSENTLoss(double scale = 20.0, util::ScoreFunction similarity = util::pairwise_cos_sim);
  std::string name() const override { return "CoSENTLoss"; }
  at::Tensor compute(const std::vector<at::Tensor>& embeddings, const Batch& batch) override;

 private:
  double scale_;
  util::ScoreFunction similarity_;
};

/// CoSENTLoss with util::pairwise_angle_sim (arXiv 2309.12871). More than two texts are an anchor,
/// a positive and negatives: the anchor and its positive have the label (1 if there is none), the
/// anchor and each negative 1 - label.
class AnglELoss : public CoSENTLoss {
 public:
  /// `scale` as in CoSENTLoss.
  explicit AnglELoss(double scale = 20.0);
  std::string name() const override { return "AnglELoss"; }
  at::Tensor compute(const std::vector<at::Tensor>& embeddings, const Batch& batch) override;
};

/// Label 1 pulls a pair together, 0 pushes it apart up to the margin (Hadsell et al., 2006); labels
/// between weigh both.
class ContrastiveLoss : public EmbeddingLoss {
 public:
  /// `margin` is in the distance's units; with `size_average` the batch's mean, else its sum.
  explicit ContrastiveLoss(DistanceMetric distance = DistanceMetric::cosine, double margin = 0.5,
                           bool size_average = true);
  std::string name() const override { return "ContrastiveLoss"; }
  at::Tensor compute(const std::vector<at::Tensor>& embeddings, const Batch& batch) override;

 private:
  DistanceMetric distance_;
  double margin_;
  bool size_average_;
};

/// ContrastiveLoss over the hard pairs of a batch alone, summed: positives farther apart than the
/// closest negatives, negatives closer than the farthest positives. Pairs with a label other than 0
/// and 1 are left out.
class OnlineContrastiveLoss : public EmbeddingLoss {
 public:
  /// `margin` is in the distance's units.
  explicit OnlineContrastiveLoss(DistanceMetric distance = DistanceMetric::cosine,
                                 double margin = 0.5);
  std::string name() const override { return "OnlineContrastiveLoss"; }
  at::Tensor compute(const std::vector<at::Tensor>& embeddings, const Batch& batch) override;

 private:
  DistanceMetric distance_;
  double margin_;
};

/// What SoftmaxLoss's classifier sees of a pair (u, v), one behind the other, and its classes.
struct SoftmaxLossOptions {
  int64_t num_labels = 3;                          ///< classes
  bool concatenation_sent_rep = true;              ///< u, v
  bool concatenation_sent_difference = true;       ///< |u - v|
  bool concatenation_sent_multiplication = false;  ///< u * v
};

/// A classifier over (u, v, |u - v|, u * v) with cross-entropy: the siamese network of the
/// Sentence-BERT paper (arXiv 1908.10084). Its weight is drawn from LibTorch's default generator as
/// torch.nn.Linear does; a trainer moves it to the model's device. A label is a class, or
/// num_labels probabilities.
class SoftmaxLoss : public EmbeddingLoss {
 public:
  /// `embedding_dimension` is the model's. Throws std::invalid_argument if nothing is concatenated,
  /// or there is no dimension or label.
  explicit SoftmaxLoss(int64_t embedding_dimension, const SoftmaxLossOptions& options = {});
  std::string name() const override { return "SoftmaxLoss"; }
  at::Tensor compute(const std::vector<at::Tensor>& embeddings, const Batch& batch) override;
  NamedTensors named_parameters() const override;  ///< classifier.weight, classifier.bias
  /// [N, num_labels] of two embeddings [N, D], for LabelAccuracyEvaluator. Throws
  /// std::invalid_argument where D is not the classifier's.
  at::Tensor logits(const at::Tensor& u, const at::Tensor& v) const;

 private:
  SoftmaxLossOptions options_;
  at::Tensor weight_, bias_;
};

}  // namespace sentence_transformers
#pragma GCC visibility pop
