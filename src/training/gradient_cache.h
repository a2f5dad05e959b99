// The gradient cache (arXiv 2101.06983): a batch's loss in the memory of a mini-batch.
#pragma once

#include <sentence_transformers/loss.h>

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "training/batch.h"

namespace sentence_transformers {

/// A loss of a model of any kind, as the gradient cache needs it.
struct CachedLossTask {
  /// A mini-batch's texts -> their embeddings below each other. Called again in backward.
  std::function<at::Tensor(const std::vector<std::string_view>& texts, const std::string& prompt,
                           const std::string& task)>
      embed;
  /// The embeddings of all mini-batches, in the texts' order -> scalar.
  std::function<at::Tensor(const std::vector<at::Tensor>& mini_batches)> compute;
  int64_t mini_batch_size = 0;
  c10::Device device;
  NamedTensors model_parameters, loss_parameters;
};

/// task.compute over the segments' texts, which are embedded task.mini_batch_size at a time. Where
/// gradients are on, the loss's own backward runs here, up to the embeddings; the result's backward
/// embeds each mini-batch once more and carries their gradients into the model, which must live
/// until then.
at::Tensor forward_with_gradient_cache(const CachedLossTask& task,
                                       const std::vector<Segment>& segments);

/// Columns [N, D] of a batch.
std::vector<at::Tensor> columns(const std::vector<at::Tensor>& mini_batches, const Batch& batch);

/// The same of a loss's compute(embeddings, batch), for the texts of `model`.
template <class Model, class LossType>
at::Tensor forward_with_gradient_cache(LossType& loss, const Model& model, const Batch& batch,
                                       int64_t mini_batch_size, NamedTensors loss_parameters = {}) {
  return forward_with_gradient_cache(
      {.embed = [&model](const auto& texts, const std::string& prompt,
                         const std::string& task) { return model.forward(texts, prompt, task); },
       .compute =
           [&](const auto& mini_batches) {
             return loss.compute(columns(mini_batches, batch), batch);
           },
       .mini_batch_size = mini_batch_size,
       .device = model.device(),
       .model_parameters = model.named_parameters(),
       .loss_parameters = std::move(loss_parameters)},
      segments(batch));
}

}  // namespace sentence_transformers
