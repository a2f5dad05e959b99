// Losses for sparse encoders: a loss of embeddings, and what keeps most of their dimensions at 0 or
// lets the dense embeddings be found again in the sparse ones.
#pragma once

#include <sentence_transformers/distillation_losses.h>
#include <sentence_transformers/loss.h>
#include <sentence_transformers/pair_losses.h>
#include <sentence_transformers/ranking_losses.h>
#include <sentence_transformers/sparse_encoder.h>
#include <sentence_transformers/triplet_losses.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#pragma GCC visibility push(default)
namespace sentence_transformers {

/// What a SparseEncoder is trained for.
class SparseLoss {
 public:
  virtual ~SparseLoss() = default;
  /// Python's class name.
  virtual std::string name() const = 0;
  /// The batch's loss, a scalar through which backward() reaches the model. Throws
  /// std::invalid_argument if the batch has not the texts or labels that the loss needs.
  virtual at::Tensor forward(const SparseEncoder& model, const Batch& batch) = 0;
};

/// The sum over dimensions of the squared mean of a batch: what a search by inverted lists costs
/// (arXiv 2004.05665). A SpladeLoss weighs it.
class FlopsLoss {
 public:
  /// With a threshold, embeddings of at most so many active dimensions count as zeros (arXiv
  /// 2505.15070).
  explicit FlopsLoss(std::optional<int64_t> threshold = std::nullopt) : threshold_(threshold) {}
  /// [N, V] -> scalar.
  at::Tensor compute(const at::Tensor& embeddings) const;

 private:
  std::optional<int64_t> threshold_;
};

/// How SpladeLoss weighs the cost of embeddings.
struct SpladeLossOptions {
  double document_regularizer_weight = 3e-5;  ///< of all texts of an example but the first
  /// Of the first text, the query; without it queries are free, as where no model makes them.
  std::optional<double> query_regularizer_weight = std::nullopt;
  std::optional<int64_t> document_regularizer_threshold = std::nullopt;  ///< as FlopsLoss's
  std::optional<int64_t> query_regularizer_threshold = std::nullopt;     ///< as FlopsLoss's
  /// All texts are documents; query_regularizer_weight is not used then.
  bool use_document_regularizer_only = false;
};

/// A loss of the embeddings plus what searching by them costs (SPLADE, arXiv 2109.10086).
class SpladeLoss : public SparseLoss {
 public:
  /// `loss` computes on dense tensors [N, V], such as SparseMultipleNegativesRankingLoss; a
  /// mini_batch_size of it is not used. Throws std::invalid_argument without one, or for a negative
  /// weight.
  SpladeLoss(std::shared_ptr<EmbeddingLoss> loss, const SpladeLossOptions& options = {});
  std::string name() const override { return "SpladeLoss"; }
  at::Tensor forward(const SparseEncoder& model, const Batch& batch) override;
  /// embeddings: one [N, V] for each column -> scalar.
  at::Tensor compute(const std::vector<at::Tensor>& embeddings, const Batch& batch);

  /// What it was made with, and the weights as they are now.
  const SpladeLossOptions& options() const { return options_; }
  /// Weights from now on; a query weight only where there was one.
  void set_weights(double document, double query);

 private:
  std::shared_ptr<EmbeddingLoss> loss_;
  SpladeLossOptions options_;
};

/// SpladeLoss in the memory of a mini-batch: texts are embedded some at a time, and once more in
/// backward (gradient cache, arXiv 2101.06983). Value and gradients are SpladeLoss's. The model
/// must outlive that backward, which can run once.
class CachedSpladeLoss : public SpladeLoss {
 public:
  /// As SpladeLoss, and std::invalid_argument for a mini_batch_size below 1: texts embedded at a
  /// time.
  CachedSpladeLoss(std::shared_ptr<EmbeddingLoss> loss, const SpladeLossOptions& options = {},
                   int64_t mini_batch_size = 32);
  std::string name() const override { return "CachedSpladeLoss"; }
  at::Tensor forward(const SparseEncoder& model, const Batch& batch) override;

 private:
  int64_t mini_batch_size_;
};

/// How far what a SparseAutoEncoder decodes is from the dense embeddings: the mean squared error
/// of the k largest latents, an eighth of that of the 4k largest, and that of what the dead latents
/// make of the rest, in units of the rest's variance. CSRLoss adds it to a loss.
class CSRReconstructionLoss {
 public:
  /// `beta` weighs the dead latents.
  explicit CSRReconstructionLoss(double beta = 1.0) : beta_(beta) {}
  /// Of each column -> scalar, the mean over columns. Throws std::invalid_argument without one.
  at::Tensor compute(const std::vector<AutoEncoderOutputs>& columns) const;

 private:
  double beta_;
};

/// How CSRLoss weighs its parts.
struct CSRLossOptions {
  double beta = 0.1;   ///< of the dead latents, as CSRReconstructionLoss's
  double gamma = 1.0;  ///< of the loss of embeddings
};

/// A loss of sparse embeddings plus the CSRReconstructionLoss, for models with a SparseAutoEncoder
/// (Contrastive Sparse Representation, arXiv 2503.01776).
class CSRLoss : public SparseLoss {
 public:
  /// `loss` computes on dense tensors [N, V]; without one SparseMultipleNegativesRankingLoss. A
  /// mini_batch_size of it is not used.
  explicit CSRLoss(std::shared_ptr<EmbeddingLoss> loss = nullptr,
                   const CSRLossOptions& options = {});
  std::string name() const override { return "CSRLoss"; }
  /// Embeds column by column, as each counts as a batch for latents that are dead.
  at::Tensor forward(const SparseEncoder& model, const Batch& batch) override;

 private:
  std::shared_ptr<EmbeddingLoss> loss_;
  CSRLossOptions options_;
};

/// MSELoss to a teacher's sparse embeddings, without a cost.
class SparseMSELoss : public SparseLoss {
 public:
  std::string name() const override { return "SparseMSELoss"; }
  at::Tensor forward(const SparseEncoder& model, const Batch& batch) override;
};

// The losses of other models with the numbers that suit dot products, for SpladeLoss. Python's
// classes that compare by cosine also set the model's similarity; here its folder says it.

/// MultipleNegativesRankingLoss by dot products.
class SparseMultipleNegativesRankingLoss : public MultipleNegativesRankingLoss {
 public:
  /// As MultipleNegativesRankingLoss.
  explicit SparseMultipleNegativesRankingLoss(const MultipleNegativesRankingOptions& options =
                                                  {.scale = 1.0, .similarity = util::dot_score})
      : MultipleNegativesRankingLoss(options) {}
  std::string name() const override { return "SparseMultipleNegativesRankingLoss"; }
};

/// MarginMSELoss by dot products.
class SparseMarginMSELoss : public MarginMSELoss {
 public:
  using MarginMSELoss::MarginMSELoss;
  std::string name() const override { return "SparseMarginMSELoss"; }
};

/// DistillKLDivLoss at a temperature of 2.
class SparseDistillKLDivLoss : public DistillKLDivLoss {
 public:
  /// As DistillKLDivLoss.
  explicit SparseDistillKLDivLoss(const DistillKLDivOptions& options = {.temperature = 2.0})
      : DistillKLDivLoss(options) {}
  std::string name() const override { return "SparseDistillKLDivLoss"; }
};

/// TripletLoss by Euclidean distances.
class SparseTripletLoss : public TripletLoss {
 public:
  using TripletLoss::TripletLoss;
  std::string name() const override { return "SparseTripletLoss"; }
};

/// CosineSimilarityLoss.
class SparseCosineSimilarityLoss : public CosineSimilarityLoss {
 public:
  using CosineSimilarityLoss::CosineSimilarityLoss;
  std::string name() const override { return "SparseCosineSimilarityLoss"; }
};

/// CoSENTLoss.
class SparseCoSENTLoss : public CoSENTLoss {
 public:
  using CoSENTLoss::CoSENTLoss;
  std::string name() const override { return "SparseCoSENTLoss"; }
};

/// AnglELoss.
class SparseAnglELoss : public AnglELoss {
 public:
  using AnglELoss::AnglELoss;
  std::string name() const override { return "SparseAnglELoss"; }
};

}  // namespace sentence_transformers
#pragma GCC visibility pop
