// Gradient checkpointing: a layer keeps its input alone and runs again in backward.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

namespace sentence_transformers {

/// layer(x), [T, D] -> [T, D]. Where gradients are on, what `layer` computes on the way is dropped
/// and computed anew in backward, with the same random numbers; its parameters' gradients arrive as
/// usual. `layer` must stay callable until then.
at::Tensor gradient_checkpoint(const std::function<at::Tensor(const at::Tensor&)>& layer,
                               const at::Tensor& x);

}  // namespace sentence_transformers
