#include "training/gradient_cache.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "nn/autocast.h"
#include "nn/random_state.h"
#include "training/batch.h"

namespace sentence_transformers {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct MiniBatch {
  std::vector<std::string> texts;
  std::string prompt, task;
  RandomState random;
  at::Tensor gradient;  // of the loss by the embeddings
};

struct Cache : torch::CustomClassHolder {
  decltype(CachedLossTask::embed) embed;
  c10::Device device = at::kCPU;
  Autocast::Settings autocast = {};
  std::vector<MiniBatch> mini_batches;
  variable_list model_parameters;
  variable_list loss_gradients;  // of the loss's own parameters
  bool used = false;

  at::Tensor forward(const MiniBatch& mini_batch) const {
    const std::vector<std::string_view> texts(mini_batch.texts.begin(), mini_batch.texts.end());
    return embed(texts, mini_batch.prompt, mini_batch.task);
  }

  /// Adds a mini-batch's gradients of the model's parameters to `sums`.
  void backward(const MiniBatch& mini_batch, const at::Tensor& scale, variable_list& sums) const {
    const Autocast as_before(device.type(), autocast);
    at::Tensor embeddings;
    {
      const KeepRandomState keep(device);
      const at::AutoGradMode gradients_on(true);
      mini_batch.random.restore();
      embeddings = forward(mini_batch);
    }
    const variable_list gradients = torch::autograd::grad(
        {embeddings}, model_parameters, {mini_batch.gradient * scale}, /*retain_graph=*/false,
        /*create_graph=*/false, /*allow_unused=*/true);
    for (size_t i = 0; i < sums.size(); ++i) {
      if (!gradients[i].defined()) continue;
      sums[i] = sums[i].defined() ? sums[i] + gradients[i] : gradients[i];
    }
  }
};

/// The loss's value, with a backward that empties the cache. `parameters` are the model's, then the
/// loss's; they are inputs, so that each gets its gradient once, as from any other operation.
struct CachedLoss : torch::autograd::Function<CachedLoss> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& value,
                            const c10::intrusive_ptr<Cache>& cache, at::TensorList /*parameters*/) {
    context->saved_data["cache"] = c10::IValue::make_capsule(cache);
    return value.clone();
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto cache =
        c10::static_intrusive_pointer_cast<Cache>(context->saved_data["cache"].toCapsule());
    if (std::exchange(cache->used, true)) {
      throw std::logic_error("[EmbeddingLoss] backward ran already; the gradient cache is empty");
    }
    variable_list result(cache->model_parameters.size());
    for (const MiniBatch& mini_batch : std::exchange(cache->mini_batches, {})) {
      cache->backward(mini_batch, gradients[0], result);
    }
    for (const at::Tensor& gradient : cache->loss_gradients) {
      result.push_back(gradient.defined() ? gradient * gradients[0] : gradient);
    }
    result.insert(result.begin(), 2, at::Tensor());  // of value and cache
    return result;
  }
};

variable_list trained(const NamedTensors& parameters) {
  variable_list result;
  for (const auto& [name, parameter] : parameters) {
    if (parameter.requires_grad()) result.push_back(parameter);
  }
  return result;
}

}  // namespace

std::vector<at::Tensor> columns(const std::vector<at::Tensor>& mini_batches, const Batch& batch) {
  return at::cat(mini_batches).split(static_cast<int64_t>(batch.examples.size()));
}

at::Tensor forward_with_gradient_cache(const CachedLossTask& task,
                                       const std::vector<Segment>& segments) {
  const auto cache = c10::make_intrusive<Cache>();
  cache->embed = task.embed;
  cache->device = task.device;
  cache->autocast = Autocast::now(task.device.type());
  const auto size = static_cast<size_t>(task.mini_batch_size);

  variable_list embedded;  // of each mini-batch
  {
    const at::NoGradGuard no_gradients;
    const Autocast fresh(task.device.type(), cache->autocast);
    for (const Segment& segment : segments) {
      for (size_t begin = 0; begin < segment.texts.size(); begin += size) {
        const auto first = segment.texts.begin() + static_cast<std::ptrdiff_t>(begin);
        const size_t count = std::min(size, segment.texts.size() - begin);
        cache->mini_batches.push_back({.texts = {first, first + static_cast<std::ptrdiff_t>(count)},
                                       .prompt = segment.prompt,
                                       .task = segment.task,
                                       .random = RandomState(task.device),
                                       .gradient = {}});
        embedded.push_back(cache->forward(cache->mini_batches.back()));
      }
    }
  }
  cache->model_parameters = trained(task.model_parameters);
  variable_list parameters = cache->model_parameters;
  const variable_list own = trained(task.loss_parameters);
  parameters.insert(parameters.end(), own.begin(), own.end());
  if (!at::GradMode::is_enabled() || parameters.empty()) return task.compute(embedded);

  for (at::Tensor& part : embedded) part = part.detach().requires_grad_();
  variable_list inputs = embedded;
  inputs.insert(inputs.end(), own.begin(), own.end());
  const at::Tensor value = task.compute(embedded);
  const variable_list gradients =
      torch::autograd::grad({value}, inputs, {}, /*retain_graph=*/false, /*create_graph=*/false,
                            /*allow_unused=*/true);
  for (size_t i = 0; i < embedded.size(); ++i) {
    cache->mini_batches[i].gradient =
        gradients[i].defined() ? gradients[i] : at::zeros_like(embedded[i]);
  }
  cache->loss_gradients.assign(gradients.begin() + static_cast<std::ptrdiff_t>(embedded.size()),
                               gradients.end());
  return CachedLoss::apply(value.detach(), cache, at::TensorList(parameters));
}

}  // namespace sentence_transformers
