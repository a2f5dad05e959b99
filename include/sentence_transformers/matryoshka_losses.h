// Losses around another loss: at several embedding sizes, and at several layers.
#pragma once

#include <sentence_transformers/loss.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#pragma GCC visibility push(default)
namespace sentence_transformers {

/// The loss at several embedding sizes, normalized, weighted and summed (arXiv 2205.13147). Labels
/// that are embeddings are cut, too.
class MatryoshkaLoss : public EmbeddingLoss {
 public:
  /// matryoshka_weights: 1 each if empty. n_dims_per_step: that many sizes, drawn anew each step
  /// from LibTorch's default generator; -1 is all. Throws std::invalid_argument for no loss, no
  /// size, a size below 1, or other weights than one a size; compute does for a size beyond the
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

/// Which layers AdaptiveLayerLoss trains, and how much each counts.
struct AdaptiveLayerOptions {
  /// Besides the last, drawn anew each step from LibTorch's default generator; -1 is all. The
  /// embedding layer's output counts as a layer.
  int64_t n_layers_per_step = 1;
  double last_layer_weight = 1.0;    ///< of the loss at the last layer
  double prior_layers_weight = 1.0;  ///< of the mean of the losses at the drawn ones
  /// A weight or a temperature of 0 leaves the divergence out.
  double kl_div_weight = 1.0;
  double kl_temperature = 0.3;  ///< what embeddings are divided by before the softmax
  LayerWeighting layer_weighting = LayerWeighting::uniform;  ///< of the drawn layers, by depth
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
  /// A MatryoshkaLoss of the first four arguments within an AdaptiveLayerLoss; throws what they do.
  Matryoshka2dLoss(std::shared_ptr<EmbeddingLoss> loss, std::vector<int64_t> matryoshka_dims,
                   std::vector<double> matryoshka_weights = {}, int64_t n_dims_per_step = 1,
                   const AdaptiveLayerOptions& options = {});
  std::string name() const override { return "Matryoshka2dLoss"; }
};

}  // namespace sentence_transformers
#pragma GCC visibility pop
