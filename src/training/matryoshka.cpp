// Losses at several embedding sizes and layers. Ports of
// sentence_transformers/sentence_transformer/losses (6.2.0): matryoshka.py, adaptive_layer.py,
// matryoshka_2d.py.
#include <ATen/ATen.h>
#include <sentence_transformers/matryoshka_losses.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "training/batch.h"

namespace sentence_transformers {
namespace {

/// The batch with labels that are one or more embeddings of `size` numbers, cut to `dim` each.
Batch truncate_labels(Batch batch, size_t size, size_t dim) {
  for (Example& example : batch.examples) {
    const std::vector<float> whole = std::exchange(example.labels, {});
    for (size_t begin = 0; begin + size <= whole.size(); begin += size) {
      const auto first = whole.begin() + static_cast<std::ptrdiff_t>(begin);
      example.labels.insert(example.labels.end(), first, first + static_cast<std::ptrdiff_t>(dim));
    }
  }
  return batch;
}

double layer_weight(LayerWeighting weighting, int64_t layer) {
  switch (weighting) {
    case LayerWeighting::uniform:
      return 1;
    case LayerWeighting::log:
      return 1 / (1 + std::log(1.0 + static_cast<double>(layer)));
    case LayerWeighting::linear:
      return 1 / (1 + static_cast<double>(layer));
  }
  return 1;
}

}  // namespace

MatryoshkaLoss::MatryoshkaLoss(std::shared_ptr<EmbeddingLoss> loss,
                               std::vector<int64_t> matryoshka_dims,
                               std::vector<double> matryoshka_weights, int64_t n_dims_per_step)
    : loss_(std::move(loss)), dims_per_step_(n_dims_per_step) {
  if (!loss_) throw std::invalid_argument("[MatryoshkaLoss] expected a loss, found none");
  if (matryoshka_dims.empty()) {
    throw std::invalid_argument("[MatryoshkaLoss] expected at least one of matryoshka_dims");
  }
  if (matryoshka_weights.empty()) matryoshka_weights.assign(matryoshka_dims.size(), 1.0);
  if (matryoshka_weights.size() != matryoshka_dims.size()) {
    throw std::invalid_argument("[MatryoshkaLoss] expected a weight for each of " +
                                std::to_string(matryoshka_dims.size()) + " sizes, found " +
                                std::to_string(matryoshka_weights.size()));
  }
  std::vector<size_t> order(matryoshka_dims.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return matryoshka_dims[a] > matryoshka_dims[b]; });
  for (const size_t i : order) {
    if (matryoshka_dims[i] < 1) {
      throw std::invalid_argument("[MatryoshkaLoss] expected sizes of at least 1, found " +
                                  std::to_string(matryoshka_dims[i]));
    }
    dims_.push_back(matryoshka_dims[i]);
    weights_.push_back(matryoshka_weights[i]);
  }
}

at::Tensor MatryoshkaLoss::compute(const std::vector<at::Tensor>& embeddings, const Batch& batch) {
  expect_texts(name(), embeddings.size(), 1, -1);
  const int64_t size = embeddings[0].size(1);
  if (dims_[0] > size) {
    throw std::invalid_argument("[MatryoshkaLoss] expected sizes up to the embedding's " +
                                std::to_string(size) + ", found " + std::to_string(dims_[0]));
  }
  const auto labels =
      static_cast<int64_t>(batch.examples.empty() ? 0 : batch.examples[0].labels.size());
  const bool labels_are_embeddings =
      labels == size || labels == size * static_cast<int64_t>(embeddings.size());
  at::Tensor sum;
  for (const int64_t i : sample(static_cast<int64_t>(dims_.size()), dims_per_step_)) {
    std::vector<at::Tensor> parts;
    for (const at::Tensor& e : embeddings) {
      parts.push_back(util::normalize_embeddings(util::truncate_embeddings(e, dims_[i])));
    }
    const bool whole = !labels_are_embeddings || dims_[i] == size;
    at::Tensor loss = loss_->compute(
        parts,
        whole ? batch
              : truncate_labels(batch, static_cast<size_t>(size), static_cast<size_t>(dims_[i])));
    loss = loss * weights_[i];
    sum = sum.defined() ? sum + loss : loss;
  }
  return sum;
}

AdaptiveLayerLoss::AdaptiveLayerLoss(std::shared_ptr<EmbeddingLoss> loss,
                                     const AdaptiveLayerOptions& options)
    : loss_(std::move(loss)), options_(options) {
  if (!loss_) throw std::invalid_argument("[AdaptiveLayerLoss] expected a loss, found none");
  if (loss_->mini_batch_size() > 0) {
    throw std::invalid_argument("[AdaptiveLayerLoss] expected a loss over whole batches, found a " +
                                loss_->name() + " in mini-batches");
  }
}

at::Tensor AdaptiveLayerLoss::forward(const SentenceTransformer& model, const Batch& batch) {
  std::vector<std::vector<at::Tensor>> layers;  // [layer][segment]
  for (const Segment& segment : segments(batch)) {
    const std::vector<at::Tensor> embeddings =
        model.forward_layers(segment.texts, segment.prompt, segment.task);
    layers.resize(embeddings.size());
    for (size_t l = 0; l < embeddings.size(); ++l) layers[l].push_back(embeddings[l]);
  }
  const auto examples = static_cast<int64_t>(batch.examples.size());
  const auto loss_of = [&](size_t layer) {
    return loss_->compute(columns(layers[layer], examples), batch);
  };
  const bool diverges = options_.kl_temperature > 0 && options_.kl_div_weight != 0;

  at::Tensor sum = loss_of(layers.size() - 1) * options_.last_layer_weight;
  at::Tensor teacher;  // the last layer, which learns nothing from the others
  if (diverges) {
    teacher = at::softmax(at::cat(layers.back()) / options_.kl_temperature, -1).detach();
  }
  const std::vector<int64_t> prior =
      sample(static_cast<int64_t>(layers.size()) - 1, options_.n_layers_per_step);
  for (const int64_t layer : prior) {
    const double weight = layer_weight(options_.layer_weighting, layer) *
                          options_.prior_layers_weight / static_cast<double>(prior.size());
    sum = sum + loss_of(static_cast<size_t>(layer)) * weight;
    if (!diverges) continue;
    const at::Tensor student =
        at::log_softmax(at::cat(layers[layer]) / options_.kl_temperature, -1);
    const at::Tensor divergence =
        at::kl_div(student, teacher, at::Reduction::Sum) / student.size(0);
    sum = sum + divergence * (options_.kl_temperature * options_.kl_div_weight);
  }
  return sum;
}

Matryoshka2dLoss::Matryoshka2dLoss(std::shared_ptr<EmbeddingLoss> loss,
                                   std::vector<int64_t> matryoshka_dims,
                                   std::vector<double> matryoshka_weights, int64_t n_dims_per_step,
                                   const AdaptiveLayerOptions& options)
    : AdaptiveLayerLoss(
          std::make_shared<MatryoshkaLoss>(std::move(loss), std::move(matryoshka_dims),
                                           std::move(matryoshka_weights), n_dims_per_step),
          options) {}

}  // namespace sentence_transformers
