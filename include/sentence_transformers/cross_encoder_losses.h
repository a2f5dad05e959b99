// Training objectives of cross-encoders: Python's losses by their names, arguments and values.
#pragma once

#include <sentence_transformers/cross_encoder.h>
#include <sentence_transformers/losses.h>

#include <optional>
#include <string>

#pragma GCC visibility push(default)
namespace sentence_transformers {

/// What a CrossEncoder is trained for.
class CrossEncoderLoss {
 public:
  virtual ~CrossEncoderLoss() = default;
  /// Python's class name.
  virtual std::string name() const = 0;
  /// The batch's loss, a scalar through which backward() reaches the model. Throws
  /// std::invalid_argument if texts, labels or the model's number of labels do not fit.
  virtual at::Tensor forward(const CrossEncoder& model, const Batch& batch) = 0;
};

/// (text, text) and a label in [0, 1] for each of the model's outputs.
class BinaryCrossEntropyLoss : public CrossEncoderLoss {
 public:
  /// pos_weight multiplies the loss of positive labels.
  explicit BinaryCrossEntropyLoss(std::optional<double> pos_weight = std::nullopt);
  std::string name() const override { return "BinaryCrossEntropyLoss"; }
  at::Tensor forward(const CrossEncoder& model, const Batch& batch) override;

 private:
  std::optional<double> pos_weight_;
};

/// (text, text) and a class, or a probability for each class.
class CrossEntropyLoss : public CrossEncoderLoss {
 public:
  std::string name() const override { return "CrossEntropyLoss"; }
  at::Tensor forward(const CrossEncoder& model, const Batch& batch) override;
};

/// (query, passage) and a teacher's score.
class CrossEncoderMSELoss : public CrossEncoderLoss {
 public:
  std::string name() const override { return "MSELoss"; }
  at::Tensor forward(const CrossEncoder& model, const Batch& batch) override;
};

/// (query, positive, negative[s]): the margin, or the scores, of a teacher.
class CrossEncoderMarginMSELoss : public CrossEncoderLoss {
 public:
  std::string name() const override { return "MarginMSELoss"; }
  at::Tensor forward(const CrossEncoder& model, const Batch& batch) override;
};

/// Against how many answers CrossEncoderMultipleNegativesRankingLoss compares, and how.
struct CrossEncoderRankingOptions {
  /// Drawn from the batch's other texts by LibTorch's default CPU generator; none: all of them.
  std::optional<int64_t> num_negatives = 4;
  double scale = 10.0;                                    ///< of the scores, before the softmax
  ScoreActivation activation = ScoreActivation::sigmoid;  ///< of the logits, before the scale
};

/// (query, answer[, hard negatives...]): the answer against drawn ones.
class CrossEncoderMultipleNegativesRankingLoss : public CrossEncoderLoss {
 public:
  /// Throws std::invalid_argument for a num_negatives below 1.
  explicit CrossEncoderMultipleNegativesRankingLoss(const CrossEncoderRankingOptions& options = {});
  std::string name() const override { return "MultipleNegativesRankingLoss"; }
  at::Tensor forward(const CrossEncoder& model, const Batch& batch) override;

 private:
  CrossEncoderRankingOptions options_;
};

/// How LambdaLoss weighs a pair of documents.
enum class LambdaWeighting { none, ndcg_loss1, ndcg_loss2, ndcg_loss2pp, lambda_rank };

/// How LambdaLoss counts.
struct LambdaLossOptions {
  LambdaWeighting weighting = LambdaWeighting::ndcg_loss2pp;  ///< of a pair of documents
  double mu = 10.0;                                           ///< of ndcg_loss2pp
  std::optional<int64_t> k = std::nullopt;                    ///< only the first k places count
  double sigma = 1.0;      ///< steepness: what differences of scores are multiplied with
  double eps = 1e-10;      ///< the least ideal gain that gains are divided by
  bool binary_log = true;  ///< base 2, else natural
};

/// A query, its documents, and a label for each document; their number may differ from example to
/// example (LambdaLoss, Wang et al., 2018).
class LambdaLoss : public CrossEncoderLoss {
 public:
  /// Throws std::invalid_argument for a k below 1.
  explicit LambdaLoss(const LambdaLossOptions& options = {});
  std::string name() const override { return "LambdaLoss"; }
  at::Tensor forward(const CrossEncoder& model, const Batch& batch) override;

 private:
  LambdaLossOptions options_;
};

/// As LambdaLoss, by the cross-entropy of the two distributions (ListNet, Cao et al., 2007).
class ListNetLoss : public CrossEncoderLoss {
 public:
  std::string name() const override { return "ListNetLoss"; }
  at::Tensor forward(const CrossEncoder& model, const Batch& batch) override;
};

}  // namespace sentence_transformers
#pragma GCC visibility pop
