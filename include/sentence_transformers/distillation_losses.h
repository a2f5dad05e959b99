// Losses that follow a teacher.
#pragma once

#include <sentence_transformers/loss.h>
#include <sentence_transformers/similarity.h>

#include <optional>
#include <string>
#include <vector>

#pragma GCC visibility push(default)
namespace sentence_transformers {

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
  /// `similarity` scores row by row, [N, D] x [N, D] -> [N].
  explicit MarginMSELoss(util::ScoreFunction similarity = util::pairwise_dot_score);
  std::string name() const override { return "MarginMSELoss"; }
  at::Tensor compute(const std::vector<at::Tensor>& embeddings, const Batch& batch) override;

 private:
  util::ScoreFunction similarity_;
};

/// How DistillKLDivLoss compares a student with its teacher.
struct DistillKLDivOptions {
  /// [N, D] x [N, D] -> [N], of the student's scores.
  util::ScoreFunction similarity = util::pairwise_dot_score;
  double temperature = 1.0;  ///< what scores are divided by before the softmax
  std::optional<double> student_temperature = std::nullopt;  ///< else temperature
  std::optional<double> teacher_temperature = std::nullopt;  ///< else temperature
};

/// (query, passage, passage[s]): over an example's passages the student's softmax follows that of a
/// teacher, whose score of each passage is a label (arXiv 2010.11386).
class DistillKLDivLoss : public EmbeddingLoss {
 public:
  /// Throws std::invalid_argument for a temperature that is not positive and finite.
  explicit DistillKLDivLoss(const DistillKLDivOptions& options = {});
  std::string name() const override { return "DistillKLDivLoss"; }
  at::Tensor compute(const std::vector<at::Tensor>& embeddings, const Batch& batch) override;

 private:
  DistillKLDivOptions options_;
};

}  // namespace sentence_transformers
#pragma GCC visibility pop
