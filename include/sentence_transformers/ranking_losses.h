// Losses against the other texts of a batch: pairs and triplets without labels.
#pragma once

#include <sentence_transformers/loss.h>
#include <sentence_transformers/similarity.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#pragma GCC visibility push(default)
namespace sentence_transformers {

/// Which negatives of an anchor weigh more, the more alike they are (arXiv 2503.04812, 2509.20354).
enum class HardnessMode { none, in_batch_negatives, hard_negatives, all_negatives };

/// What MultipleNegativesRankingLoss and its variants compare, and how.
struct MultipleNegativesRankingOptions {
  double scale = 20.0;                             ///< of the similarities: 1 / temperature
  util::ScoreFunction similarity = util::cos_sim;  ///< [N, D], [M, D] -> [N, M]
  bool symmetric = false;              ///< also from the positives to the anchors, both averaged
  bool gather_across_devices = false;  ///< other processes' texts are negatives, too
  /// The other anchors are negatives, too, in the one softmax; as the next two, not with
  /// `symmetric`. Python's `directions` with partition_mode "joint".
  bool query_to_query = false;
  bool doc_to_query = false;                        ///< the positive with each other anchor
  bool doc_to_doc = false;                          ///< the positive with each other document
  HardnessMode hardness_mode = HardnessMode::none;  ///< whose scores hardness_strength raises
  double hardness_strength = 0.0;  ///< times the similarity, added to such a negative's score
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
  /// As MultipleNegativesRankingLoss with `symmetric`, whatever the options say of it.
  explicit MultipleNegativesSymmetricRankingLoss(MultipleNegativesRankingOptions options = {});
  std::string name() const override { return "MultipleNegativesSymmetricRankingLoss"; }
};

/// MultipleNegativesRankingLoss with a gradient cache: large batches in little memory.
class CachedMultipleNegativesRankingLoss : public MultipleNegativesRankingLoss {
 public:
  /// Embeds `mini_batch_size` texts at a time; also throws std::invalid_argument for less than 1.
  explicit CachedMultipleNegativesRankingLoss(const MultipleNegativesRankingOptions& options = {},
                                              int64_t mini_batch_size = 32);
  std::string name() const override { return "CachedMultipleNegativesRankingLoss"; }
  int64_t mini_batch_size() const override { return mini_batch_size_; }

 private:
  int64_t mini_batch_size_;
};

/// What GISTEmbedLoss compares, and what it takes for a false negative.
struct GISTEmbedOptions {
  double temperature = 0.01;     ///< what similarities are divided by
  bool relative_margin = false;  ///< margin_strategy "relative", else "absolute"
  /// A negative that the guide finds more alike than the true pair's similarity s less this (times
  /// |s|, if relative) is false.
  double margin = 0.0;
  bool contrast_anchors = true;        ///< other anchors are negatives of an anchor
  bool contrast_positives = true;      ///< other positives are negatives of a positive
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

}  // namespace sentence_transformers
#pragma GCC visibility pop
