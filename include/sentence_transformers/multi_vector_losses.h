// Losses for multi-vector encoders: late interaction's scores, trained.
#pragma once

#include <sentence_transformers/loss.h>
#include <sentence_transformers/multi_vector_encoder.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#pragma GCC visibility push(default)
namespace sentence_transformers {

/// What a MultiVectorEncoder is trained for. The first text of an example is a query, the others
/// are documents, unless the batch's tasks say otherwise.
class MultiVectorLoss {
 public:
  virtual ~MultiVectorLoss() = default;
  /// Python's class name.
  virtual std::string name() const = 0;
  /// The batch's loss, a scalar through which backward() reaches the model. Throws
  /// std::invalid_argument if the batch has not the texts or labels that the loss needs.
  virtual at::Tensor forward(const MultiVectorEncoder& model, const Batch& batch) = 0;
};

/// How a loss scores queries and documents.
struct MultiVectorScoring {
  /// util::maxsim; divided by the query's tokens; or XTR's (arXiv 2304.01982).
  enum class Kind { maxsim, meanmaxsim, xtr };
  Kind kind = Kind::maxsim;  ///< of scores
  /// Of XTR: each token of a query counts with its top_k products with the tokens of all documents
  /// that are scored together; a document's sum is divided by the query's tokens that it counts
  /// for.
  int64_t top_k = 256;
};

/// N queries [Q_i, D] and M documents [T_j, D] -> [N, M], through autograd. Throws
/// std::invalid_argument for a top_k below 1, and as util::maxsim.
at::Tensor multi_vector_scores(const std::vector<at::Tensor>& queries,
                               const std::vector<at::Tensor>& documents,
                               const MultiVectorScoring& scoring = {});

/// How MultiVectorMultipleNegativesRankingLoss scores.
struct MultiVectorRankingOptions {
  double scale = 1;                 ///< of scores
  MultiVectorScoring scoring = {};  ///< of all queries with all documents of the batch
};

/// A query, its document, and perhaps texts that are no answer: each query has to find its document
/// among all documents of the batch.
class MultiVectorMultipleNegativesRankingLoss : public MultiVectorLoss {
 public:
  /// Throws std::invalid_argument for a scale that is not above 0, or a top_k below 1.
  explicit MultiVectorMultipleNegativesRankingLoss(const MultiVectorRankingOptions& options = {});
  std::string name() const override { return "MultiVectorMultipleNegativesRankingLoss"; }
  at::Tensor forward(const MultiVectorEncoder& model, const Batch& batch) override;

 protected:
  /// What it was made with.
  const MultiVectorRankingOptions& options() const { return options_; }

 private:
  MultiVectorRankingOptions options_;
};

/// The same with a gradient cache: texts are embedded `mini_batch_size` at a time, without keeping
/// what backward would need, and once more in backward, so that memory is a mini-batch's; see
/// EmbeddingLoss::forward.
class CachedMultiVectorMultipleNegativesRankingLoss
    : public MultiVectorMultipleNegativesRankingLoss {
 public:
  /// Throws as MultiVectorMultipleNegativesRankingLoss, and std::invalid_argument for a
  /// mini_batch_size below 1.
  explicit CachedMultiVectorMultipleNegativesRankingLoss(
      const MultiVectorRankingOptions& options = {}, int64_t mini_batch_size = 32);
  std::string name() const override { return "CachedMultiVectorMultipleNegativesRankingLoss"; }
  at::Tensor forward(const MultiVectorEncoder& model, const Batch& batch) override;

 private:
  int64_t mini_batch_size_;
};

/// How MultiVectorDistillKLDivLoss compares scores.
struct MultiVectorDistillOptions {
  double temperature = 1;                                    ///< of both sides
  std::optional<double> student_temperature = std::nullopt;  ///< instead, of the model's scores
  std::optional<double> teacher_temperature = std::nullopt;  ///< instead, of the labels
  MultiVectorScoring scoring = {};                           ///< of a query with its documents
};

/// A query, at least 2 documents, and as many labels, a teacher's scores: the divergence of the two
/// distributions over a query's documents, times the square of the student's temperature.
class MultiVectorDistillKLDivLoss : public MultiVectorLoss {
 public:
  /// Throws std::invalid_argument for temperatures that are not above 0 and finite, or a top_k
  /// below 1.
  explicit MultiVectorDistillKLDivLoss(const MultiVectorDistillOptions& options = {});
  std::string name() const override { return "MultiVectorDistillKLDivLoss"; }
  at::Tensor forward(const MultiVectorEncoder& model, const Batch& batch) override;

 private:
  MultiVectorDistillOptions options_;
};

/// A query, its document, K texts that are no answer, and labels: K margins of a teacher's scores,
/// or the K + 1 scores. The squared error of the model's margins.
class MultiVectorMarginMSELoss : public MultiVectorLoss {
 public:
  /// XTR looks at one column of documents at a time. Throws std::invalid_argument for a top_k below
  /// 1.
  explicit MultiVectorMarginMSELoss(const MultiVectorScoring& scoring = {});
  std::string name() const override { return "MultiVectorMarginMSELoss"; }
  at::Tensor forward(const MultiVectorEncoder& model, const Batch& batch) override;

 private:
  MultiVectorScoring scoring_;
};

}  // namespace sentence_transformers
#pragma GCC visibility pop
