#include "nn/packed_linear.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <sentence_transformers/error.h>

#include <cstdlib>

namespace sentence_transformers {
namespace {

using Reorder = at::Tensor(const at::Tensor&, std::optional<int64_t>);
using Pointwise = at::Tensor(const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&,
                             std::string_view, c10::List<std::optional<at::Scalar>>,
                             std::optional<std::string_view>);
using Binary = at::Tensor(const at::Tensor&, const at::Tensor&, const at::Tensor&,
                          const std::optional<at::Tensor>&, std::string_view);

/// LibTorch's oneDNN linear operators, or nothing where this LibTorch has none of this signature.
struct Operators {
  c10::TypedOperatorHandle<Reorder> reorder;
  c10::TypedOperatorHandle<Pointwise> pointwise;
  c10::TypedOperatorHandle<Binary> binary;
};

const std::optional<Operators>& operators() {
  static const std::optional<Operators> found = []() -> std::optional<Operators> {
    if (std::getenv("SENTENCE_TRANSFORMERS_PLAIN") || !at::globalContext().hasMKLDNN()) return {};
    auto& dispatcher = c10::Dispatcher::singleton();
    const auto reorder = dispatcher.findSchema({"mkldnn::_reorder_linear_weight", ""});
    const auto pointwise = dispatcher.findSchema({"mkldnn::_linear_pointwise", ""});
    const auto binary = dispatcher.findSchema({"mkldnn::_linear_pointwise", "binary"});
    if (!reorder || !pointwise || !binary) return {};
    try {
      return Operators{reorder->typed<Reorder>(), pointwise->typed<Pointwise>(),
                       binary->typed<Binary>()};
    } catch (const c10::Error&) {  // another signature than the one this was written for
      return {};
    }
  }();
  return found;
}

/// Stacks one layer's or several layers' parameters along their outputs.
at::Tensor stack(const std::vector<at::Tensor>& tensors) {
  return tensors.size() == 1 ? tensors[0] : at::cat(tensors);
}

/// Counts in-place changes. Tensors made in inference mode have no counter; they cannot be trained
/// either.
uint32_t version(const at::Tensor& tensor) {
  return tensor.is_inference() ? 0 : static_cast<uint32_t>(tensor._version());
}

}  // namespace

Activation parse_activation(std::string_view name, const std::string& where) {
  static const std::map<std::string_view, Activation> known = {
      {"gelu", Activation::gelu},           {"gelu_python", Activation::gelu},
      {"gelu_new", Activation::gelu_tanh},  {"gelu_pytorch_tanh", Activation::gelu_tanh},
      {"gelu_fast", Activation::gelu_tanh}, {"relu", Activation::relu},
      {"silu", Activation::silu},           {"swish", Activation::silu},
      {"tanh", Activation::tanh},           {"linear", Activation::none}};
  const auto found = known.find(name);
  if (found != known.end()) return found->second;
  std::string names;
  for (const auto& [key, value] : known) names += (names.empty() ? "" : ", ") + std::string(key);
  throw UnsupportedError(where + " is \"" + std::string(name) + "\"; known: " + names);
}

at::Tensor activate(const at::Tensor& x, Activation activation) {
  switch (activation) {
    case Activation::none:
      return x;
    case Activation::gelu:
      return at::gelu(x);
    case Activation::gelu_tanh:
      return at::gelu(x, "tanh");
    case Activation::relu:
      return at::relu(x);
    case Activation::silu:
      return at::silu(x);
    case Activation::tanh:
      return at::tanh(x);
  }
  return x;
}

PackedLinear::PackedLinear(const std::vector<at::Tensor>& weights,
                           const std::vector<at::Tensor>& biases) {
  if (!operators() || !weights[0].is_cpu()) return;
  const at::NoGradGuard no_grad;
  try {
    weight_ = operators()->reorder.call(stack(weights).detach().contiguous(), std::nullopt);
  } catch (const c10::Error&) {  // a type this processor's oneDNN does not multiply
    return;
  }
  if (biases[0].defined()) bias_ = stack(biases).detach();
  for (const auto* group : {&weights, &biases}) {
    for (const at::Tensor& tensor : *group) {
      if (!tensor.defined()) continue;
      sources_.push_back(tensor);
      versions_.push_back(version(tensor));
    }
  }
}

bool PackedLinear::usable() const {
  if (!weight_.defined() || at::GradMode::is_enabled()) return false;
  for (size_t i = 0; i < sources_.size(); ++i) {
    if (version(sources_[i]) != versions_[i]) return false;
  }
  return true;
}

at::Tensor PackedLinear::forward(const at::Tensor& x, Activation activation) const {
  const auto bias = bias_.defined() ? std::optional<at::Tensor>(bias_) : std::nullopt;
  const bool gelu = activation == Activation::gelu;
  const at::Tensor y = operators()->pointwise.call(
      x, weight_, bias, gelu ? "gelu" : "none", c10::List<std::optional<at::Scalar>>(),
      gelu ? std::optional<std::string_view>("none") : std::optional<std::string_view>(""));
  return gelu ? y : activate(y, activation);
}

at::Tensor PackedLinear::forward_add(const at::Tensor& x, const at::Tensor& residual) const {
  const auto bias = bias_.defined() ? std::optional<at::Tensor>(bias_) : std::nullopt;
  return operators()->binary.call(x, residual, weight_, bias, "add");
}

}  // namespace sentence_transformers
