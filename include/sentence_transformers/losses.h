// Training objectives: Python's losses by their names, arguments and values.
//
// A loss is a function of a model and a batch; it holds no model. One of your own derives from
// EmbeddingLoss and writes compute(), for which it includes <ATen/ATen.h>.
#pragma once

#include <ATen/core/Tensor.h>
#include <sentence_transformers/dataset.h>
#include <sentence_transformers/sentence_transformer.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)
namespace sentence_transformers {

/// One step's examples.
struct Batch {
  std::vector<Example> examples = {};
  /// Put in front of each column's texts; empty, or one for each column, else losses throw
  /// std::invalid_argument.
  std::vector<std::string> prompts = {};

  /// Texts by column: [C][N]. Throws std::invalid_argument if examples differ in their number of
  /// texts.
  std::vector<std::vector<std::string_view>> columns() const;
  /// [N] float32 if each example has one label, else [N, K]. Throws std::invalid_argument if there
  /// are none, or numbers differ.
  at::Tensor labels() const;
};

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

class Loss {
 public:
  virtual ~Loss() = default;
  /// Python's class name.
  virtual std::string name() const = 0;
  /// The batch's loss, a scalar through which backward() reaches the model. Throws
  /// std::invalid_argument if the batch has not the texts or labels that the loss needs.
  virtual at::Tensor forward(const SentenceTransformer& model, const Batch& batch) = 0;
  /// What is trained beside the model, such as a classifier. A trainer moves these tensors to the
  /// model's device, in place.
  virtual NamedTensors named_parameters() const { return {}; }
};

/// A loss that needs nothing but each column's embeddings.
class EmbeddingLoss : public Loss {
 public:
  /// Embeds all columns in one packed pass and calls compute. With a mini_batch_size, embeds that
  /// many texts at a time without keeping what backward would need, and embeds them again in
  /// backward (gradient cache, arXiv 2101.06983): memory is a mini-batch's, the gradient the whole
  /// batch's. The model must outlive that backward, which can run once.
  at::Tensor forward(const SentenceTransformer& model, const Batch& batch) override;

  /// embeddings: one [N, D] for each column -> scalar.
  virtual at::Tensor compute(const std::vector<at::Tensor>& embeddings, const Batch& batch) = 0;
  /// Texts embedded at a time; 0 is all.
  virtual int64_t mini_batch_size() const { return 0; }
};

/// Distances of rows: [N, D], [N, D] -> [N]. cosine is 1 - cosine similarity.
enum class DistanceMetric { cosine, euclidean, manhattan };

// ---- Pairs with a label ----

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
  explicit AnglELoss(double scale = 20.0);
  std::string name() const override { return "AnglELoss"; }
  at::Tensor compute(const std::vector<at::Tensor>& embeddings, const Batch& batch) override;
};

/// Label 1 pulls a pair together, 0 pushes it apart up to the margin (Hadsell et al., 2006); labels
/// between weigh both.
class ContrastiveLoss : public EmbeddingLoss {
 public:
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
  explicit OnlineContrastiveLoss(DistanceMetric distance = DistanceMetric::cosine,
                                 double margin = 0.5);
  std::string name() const override { return "OnlineContrastiveLoss"; }
  at::Tensor compute(const std::vector<at::Tensor>& embeddings, const Batch& batch) override;

 private:
  DistanceMetric distance_;
  double margin_;
};

struct SoftmaxLossOptions {
  int64_t num_labels = 3;
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
  /// [N, num_labels] of two embeddings [N, D], for LabelAccuracyEvaluator.
  at::Tensor logits(const at::Tensor& u, const at::Tensor& v) const;

 private:
  SoftmaxLossOptions options_;
  at::Tensor weight_, bias_;
};

// ---- Pairs and triplets without labels ----

/// Which negatives of an anchor weigh more, the more alike they are (arXiv 2503.04812, 2509.20354).
enum class HardnessMode { none, in_batch_negatives, hard_negatives, all_negatives };

struct MultipleNegativesRankingOptions {
  double scale = 20.0;
  util::ScoreFunction similarity = util::cos_sim;  ///< [N, D], [M, D] -> [N, M]
  bool symmetric = false;              ///< also from the positives to the anchors, both averaged
  bool gather_across_devices = false;  ///< other processes' texts are negatives, too
  /// More negatives in the one softmax; not with `symmetric`. Python's `directions` with
  /// partition_mode "joint".
  bool query_to_query = false, doc_to_query = false, doc_to_doc = false;
  HardnessMode hardness_mode = HardnessMode::none;
  double hardness_strength = 0.0;
};

/// (anchor, positive[, negatives...]): each anchor's positive against all others of the batch.
class MultipleNegativesRankingLoss : public EmbeddingLoss {
 public:
  /// Throws std::invalid_argument for a scale that is not positive, a negative strength, or
  /// `symmetric` with one of the joint directions.
  explicit MultipleNegativesRankingLoss(const MultipleNegativesRankingOptions& options = {});
  std::string name() const override { return "MultipleNegativesRankingLoss"; }
  at::Tensor compute(const std::vector<at::Tensor>& embeddings, const Batch& batch) override;

 private:
  MultipleNegativesRankingOptions options_;
};

/// (anchor, positive): MultipleNegativesRankingLoss in both directions.
class MultipleNegativesSymmetricRankingLoss : public MultipleNegativesRankingLoss {
 public:
  explicit MultipleNegativesSymmetricRankingLoss(MultipleNegativesRankingOptions options = {});
  std::string name() const override { return "MultipleNegativesSymmetricRankingLoss"; }
};

/// MultipleNegativesRankingLoss with a gradient cache: large batches in little memory.
class CachedMultipleNegativesRankingLoss : public MultipleNegativesRankingLoss {
 public:
  explicit CachedMultipleNegativesRankingLoss(const MultipleNegativesRankingOptions& options = {},
                                              int64_t mini_batch_size = 32);
  std::string name() const override { return "CachedMultipleNegativesRankingLoss"; }
  int64_t mini_batch_size() const override { return mini_batch_size_; }

 private:
  int64_t mini_batch_size_;
};

/// (anchor, positive, negative): max(d(a, p) - d(a, n) + margin, 0).
class TripletLoss : public EmbeddingLoss {
 public:
  explicit TripletLoss(DistanceMetric distance = DistanceMetric::euclidean, double margin = 5.0);
  std::string name() const override { return "TripletLoss"; }
  at::Tensor compute(const std::vector<at::Tensor>& embeddings, const Batch& batch) override;

 private:
  DistanceMetric distance_;
  double margin_;
};

// ---- One text and its class ----

enum class BatchTriplets { all, hard, semi_hard, hard_soft_margin };

/// Triplets found within the batch by class labels: every valid one, the hardest for each anchor,
/// semi-hard ones, or the hardest with a soft margin (arXiv 1703.07737).
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
struct BatchAllTripletLoss : BatchTripletLoss {
  explicit BatchAllTripletLoss(DistanceMetric distance = DistanceMetric::euclidean,
                               double margin = 5.0);
};
struct BatchHardTripletLoss : BatchTripletLoss {
  explicit BatchHardTripletLoss(DistanceMetric distance = DistanceMetric::euclidean,
                                double margin = 5.0);
};
struct BatchSemiHardTripletLoss : BatchTripletLoss {
  explicit BatchSemiHardTripletLoss(DistanceMetric distance = DistanceMetric::euclidean,
                                    double margin = 5.0);
};
struct BatchHardSoftMarginTripletLoss : BatchTripletLoss {
  explicit BatchHardSoftMarginTripletLoss(DistanceMetric distance = DistanceMetric::euclidean);
};

// ---- Distillation ----

/// Mean squared error to a teacher's embeddings, the labels: D numbers, with which each of an
/// example's texts is compared, or D for each text.
class MSELoss : public EmbeddingLoss {
 public:
  std::string name() const override { return "MSELoss"; }
  at::Tensor compute(const std::vector<at::Tensor>& embeddings, const Batch& batch) override;
};

/// (query, positive, negative[s]): the difference of scores is a teacher's. Labels: the margin of
/// each negative, or the teacher's score of each passage (arXiv 2010.02666).
class MarginMSELoss : public EmbeddingLoss {
 public:
  explicit MarginMSELoss(util::ScoreFunction similarity = util::pairwise_dot_score);
  std::string name() const override { return "MarginMSELoss"; }
  at::Tensor compute(const std::vector<at::Tensor>& embeddings, const Batch& batch) override;

 private:
  util::ScoreFunction similarity_;
};

struct GISTEmbedOptions {
  double temperature = 0.01;
  bool relative_margin = false;  ///< margin_strategy "relative", else "absolute"
  double margin = 0.0;
  bool contrast_anchors = true, contrast_positives = true;
  bool gather_across_devices = false;  ///< other processes' texts are negatives, too
};

/// (anchor, positive[, negative]): MultipleNegativesRankingLoss whose false negatives a guide model
/// masks (arXiv 2402.16829). The guide reads the texts with the batch's prompts.
class GISTEmbedLoss : public EmbeddingLoss {
 public:
  /// Throws std::invalid_argument without a guide, or for a temperature that is not positive.
  explicit GISTEmbedLoss(std::shared_ptr<const SentenceTransformer> guide,
                         const GISTEmbedOptions& options = {});
  std::string name() const override { return "GISTEmbedLoss"; }
  at::Tensor compute(const std::vector<at::Tensor>& embeddings, const Batch& batch) override;

 private:
  std::shared_ptr<const SentenceTransformer> guide_;
  GISTEmbedOptions options_;
};

// ---- Around other losses ----

/// The loss at several embedding sizes, normalized, weighted and summed (arXiv 2205.13147). Labels
/// that are embeddings are cut, too.
class MatryoshkaLoss : public EmbeddingLoss {
 public:
  /// weights: 1 each if empty. n_dims_per_step: that many sizes, drawn anew each step from
  /// LibTorch's default generator; -1 is all. Throws std::invalid_argument for no loss, no size, a
  /// size below 1, or other weights than one a size; compute does for a size beyond the
  /// embedding's.
  MatryoshkaLoss(std::shared_ptr<EmbeddingLoss> loss, std::vector<int64_t> matryoshka_dims,
                 std::vector<double> matryoshka_weights = {}, int64_t n_dims_per_step = -1);
  std::string name() const override { return "MatryoshkaLoss"; }
  at::Tensor compute(const std::vector<at::Tensor>& embeddings, const Batch& batch) override;
  NamedTensors named_parameters() const override { return loss_->named_parameters(); }
  int64_t mini_batch_size() const override { return loss_->mini_batch_size(); }

 private:
  std::shared_ptr<EmbeddingLoss> loss_;
  std::vector<int64_t> dims_;
  std::vector<double> weights_;
  int64_t dims_per_step_;
};

/// A prior layer's weight, 0 being the embedding layer: 1, 1 / (1 + ln(1 + layer)), 1 / (1 +
/// layer).
enum class LayerWeighting { uniform, log, linear };

struct AdaptiveLayerOptions {
  /// Besides the last, drawn anew each step from LibTorch's default generator; -1 is all. The
  /// embedding layer's output counts as a layer.
  int64_t n_layers_per_step = 1;
  double last_layer_weight = 1.0, prior_layers_weight = 1.0;
  /// A weight or a temperature of 0 leaves the divergence out.
  double kl_div_weight = 1.0, kl_temperature = 0.3;
  LayerWeighting layer_weighting = LayerWeighting::uniform;
};

/// The loss at the last and at earlier layers, which also follow the last one's embeddings by their
/// Kullback-Leibler divergence.
class AdaptiveLayerLoss : public Loss {
 public:
  /// Throws std::invalid_argument for no loss, or one that embeds in mini-batches.
  explicit AdaptiveLayerLoss(std::shared_ptr<EmbeddingLoss> loss,
                             const AdaptiveLayerOptions& options = {});
  std::string name() const override { return "AdaptiveLayerLoss"; }
  at::Tensor forward(const SentenceTransformer& model, const Batch& batch) override;
  NamedTensors named_parameters() const override { return loss_->named_parameters(); }

 private:
  std::shared_ptr<EmbeddingLoss> loss_;
  AdaptiveLayerOptions options_;
};

/// Layers and sizes at once (arXiv 2402.14776).
class Matryoshka2dLoss : public AdaptiveLayerLoss {
 public:
  Matryoshka2dLoss(std::shared_ptr<EmbeddingLoss> loss, std::vector<int64_t> matryoshka_dims,
                   std::vector<double> matryoshka_weights = {}, int64_t n_dims_per_step = 1,
                   const AdaptiveLayerOptions& options = {});
  std::string name() const override { return "Matryoshka2dLoss"; }
};

}  // namespace sentence_transformers
#pragma GCC visibility pop
