#include "nn/packed_linear.h"

#include <ATen/Parallel.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <sentence_transformers/error.h>

#include <cstdlib>

#include "kernels/kernels.h"
#include "nn/workspace.h"

namespace sentence_transformers {
namespace {

using Reorder = at::Tensor(const at::Tensor&, std::optional<int64_t>);
using Pointwise = at::Tensor(const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&,
                             std::string_view, c10::List<std::optional<at::Scalar>>,
                             std::optional<std::string_view>);

/// LibTorch's oneDNN linear operators, or nothing where this LibTorch has none of this signature.
struct Operators {
  c10::TypedOperatorHandle<Reorder> reorder;
  c10::TypedOperatorHandle<Pointwise> pointwise;
};

const std::optional<Operators>& operators() {
  static const std::optional<Operators> found = []() -> std::optional<Operators> {
    if (std::getenv("SENTENCE_TRANSFORMERS_PLAIN") || !at::globalContext().hasMKLDNN()) return {};
    auto& dispatcher = c10::Dispatcher::singleton();
    const auto reorder = dispatcher.findSchema({"mkldnn::_reorder_linear_weight", ""});
    const auto pointwise = dispatcher.findSchema({"mkldnn::_linear_pointwise", ""});
    if (!reorder || !pointwise) return {};
    try {
      return Operators{reorder->typed<Reorder>(), pointwise->typed<Pointwise>()};
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

constexpr int64_t kRowsATask = 64;

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
                           const std::vector<at::Tensor>& biases, Quantization quantization) {
  if (!weights[0].is_cpu()) return;
  const at::NoGradGuard no_grad;
  const at::Tensor weight = stack(weights).detach().contiguous();
  if (biases[0].defined()) bias_ = stack(biases).detach();
  out_ = weight.size(0);
  in_ = weight.size(1);
  if (quantization == Quantization::int8) {
    if (kernels::best()) pack_int8(weight);
  } else if (kernels::best() && weight.scalar_type() == at::kFloat) {
    pack_float(weight);
  } else if (kernels::best() && kernels::best()->linear_bf16 && in_ % 2 == 0 &&
             weight.scalar_type() == at::kBFloat16) {
    pack_bf16(weight);
  } else {
    pack_onednn(weight);
  }
  for (const auto* group : {&weights, &biases}) {
    for (const at::Tensor& tensor : *group) {
      if (!tensor.defined()) continue;
      sources_.push_back(tensor);
      versions_.push_back(version(tensor));
    }
  }
}

void PackedLinear::pack_onednn(const at::Tensor& weight) {
  if (!operators()) return;
  try {
    weight_ = operators()->reorder.call(weight, std::nullopt);
    layout_ = Layout::onednn;
  } catch (const c10::Error&) {  // a type this processor's oneDNN does not multiply
  }
}

/// A vector over the outputs, zero up to whole panels.
at::Tensor PackedLinear::pad(const at::Tensor& vector) const {
  return at::constant_pad_nd(vector, {0, kernels::round_up(out_, kernels::kColumns) - out_});
}

void PackedLinear::pack_float(const at::Tensor& weight) {
  bias_ = pad(bias_.defined() ? bias_ : at::zeros({out_}));
  weight_ = at::empty({kernels::packed_float_size(out_, in_)});
  const auto* from = weight.const_data_ptr<float>();
  auto* to = weight_.data_ptr<float>();
  for_columns([&](int64_t first, int64_t columns) {
    kernels::pack_float(from + first * in_, columns, in_, to + first * in_);
  });
  layout_ = Layout::floats;
}

void PackedLinear::pack_bf16(const at::Tensor& weight) {
  bias_ = pad(bias_.defined() ? bias_.to(at::kFloat) : at::zeros({out_}));
  weight_ = at::empty({kernels::packed_float_size(out_, in_)}, at::kBFloat16);
  kernels::pack_bf16(static_cast<const uint16_t*>(weight.const_data_ptr()), out_, in_,
                     static_cast<uint16_t*>(weight_.data_ptr()));
  layout_ = Layout::halves;
}

void PackedLinear::pack_int8(const at::Tensor& weight) {
  const int64_t columns = kernels::round_up(out_, kernels::kColumns);
  const int64_t depth = kernels::round_up(in_, kernels::kInt8Depth);
  bias_ = pad(bias_.defined() ? bias_ : at::zeros({out_}));
  scales_ = at::zeros({columns});
  sums_ = at::zeros({columns}, at::kInt);
  weight_ = at::empty({kernels::packed_int8_size(out_, in_)}, at::kChar);
  const at::Tensor values = weight.to(at::kFloat);
  const auto* from = values.const_data_ptr<float>();
  auto* to = weight_.data_ptr<int8_t>();
  for_columns([&](int64_t first, int64_t count) {
    std::vector<int8_t> bytes(static_cast<size_t>(kernels::kColumns * in_));
    for (int64_t c = first; c < first + count; c += kernels::kColumns) {
      const int64_t width = std::min(kernels::kColumns, first + count - c);
      for (int64_t o = 0; o < width; ++o) {
        kernels::quantize_weights(from + (c + o) * in_, in_, bytes.data() + o * in_,
                                  scales_.data_ptr<float>()[c + o],
                                  sums_.data_ptr<int32_t>()[c + o]);
      }
      kernels::pack_int8(bytes.data(), width, in_, to + c * depth);
    }
  });
  layout_ = Layout::bytes;
}

bool PackedLinear::usable() const {
  if (layout_ == Layout::none || at::GradMode::is_enabled()) return false;
  for (size_t i = 0; i < sources_.size(); ++i) {
    if (version(sources_[i]) != versions_[i]) return false;
  }
  return true;
}

at::Tensor PackedLinear::forward(const at::Tensor& x, Activation activation) const {
  const bool gelu = activation == Activation::gelu;
  const at::Tensor y = layout_ == Layout::floats   ? forward_float(x.contiguous(), gelu)
                       : layout_ == Layout::halves ? forward_bf16(x.contiguous(), gelu)
                       : layout_ == Layout::bytes  ? forward_int8(x.contiguous(), gelu)
                                                   : forward_onednn(x, gelu);
  return gelu ? y : activate(y, activation);
}

at::Tensor PackedLinear::forward_onednn(const at::Tensor& x, bool gelu) const {
  return operators()->pointwise.call(
      x, weight_, bias_.defined() ? std::optional<at::Tensor>(bias_) : std::nullopt,
      gelu ? "gelu" : "none", c10::List<std::optional<at::Scalar>>(),
      std::optional<std::string_view>(gelu ? "none" : ""));
}

/// Calls work(first column, columns) for all panels, shared among the cores.
void PackedLinear::for_columns(const std::function<void(int64_t, int64_t)>& work) const {
  const int64_t panels = kernels::round_up(out_, kernels::kColumns) / kernels::kColumns;
  at::parallel_for(0, panels, 1, [&](int64_t begin, int64_t end) {
    const int64_t first = begin * kernels::kColumns;
    work(first, std::min(out_, end * kernels::kColumns) - first);
  });
}

at::Tensor PackedLinear::forward_float(const at::Tensor& x, bool gelu) const {
  const at::Tensor y = empty_in_workspace({x.size(0), out_}, x.options());
  const kernels::PackedFloat packed{weight_.const_data_ptr<float>(), bias_.const_data_ptr<float>(),
                                    in_};
  for_columns([&](int64_t first, int64_t columns) {
    kernels::best()->linear(x.const_data_ptr<float>(), x.size(0), packed, first, columns,
                            gelu ? kernels::Epilogue::gelu : kernels::Epilogue::none,
                            y.data_ptr<float>() + first, out_);
  });
  return y;
}

at::Tensor PackedLinear::forward_bf16(const at::Tensor& x, bool gelu) const {
  const at::Tensor y = empty_in_workspace({x.size(0), out_}, x.options());
  const kernels::PackedBf16 packed{static_cast<const uint16_t*>(weight_.const_data_ptr()),
                                   bias_.const_data_ptr<float>(), in_};
  for_columns([&](int64_t first, int64_t columns) {
    kernels::best()->linear_bf16(static_cast<const uint16_t*>(x.const_data_ptr()), x.size(0),
                                 packed, first, columns,
                                 gelu ? kernels::Epilogue::gelu : kernels::Epilogue::none,
                                 static_cast<uint16_t*>(y.data_ptr()) + first, out_);
  });
  return y;
}

at::Tensor PackedLinear::forward_int8(const at::Tensor& x, bool gelu) const {
  const int64_t rows = x.size(0), depth = kernels::round_up(in_, kernels::kInt8Depth);
  const at::Tensor y = empty_in_workspace({rows, out_}, x.options());
  const at::Tensor q = empty_in_workspace({rows, depth}, x.options().dtype(at::kByte));
  std::vector<kernels::RowQuantization> quantization(static_cast<size_t>(rows));
  const kernels::Kernels& loops = *kernels::best();
  at::parallel_for(0, rows, kRowsATask, [&](int64_t begin, int64_t end) {
    loops.quantize_rows(x.const_data_ptr<float>() + begin * in_, end - begin, in_, depth,
                        q.data_ptr<uint8_t>() + begin * depth, quantization.data() + begin);
  });
  const kernels::PackedInt8 packed{weight_.const_data_ptr<int8_t>(),
                                   sums_.const_data_ptr<int32_t>(), scales_.const_data_ptr<float>(),
                                   bias_.const_data_ptr<float>(), depth};
  for_columns([&](int64_t first, int64_t columns) {
    loops.linear_int8(q.const_data_ptr<uint8_t>(), quantization.data(), rows, packed, first,
                      columns, gelu ? kernels::Epilogue::gelu : kernels::Epilogue::none,
                      y.data_ptr<float>() + first, out_);
  });
  return y;
}

void pack_weights(torch::nn::Module& root, Quantization quantization,
                  const std::function<void()>& after_packing) {
  const auto set = [&](const std::function<void()>& callback) {
    for (const auto& module : root.modules()) {
      if (auto* packing = dynamic_cast<Packing*>(module.get())) {
        packing->quantization = quantization;
        packing->after_packing = callback;
      }
    }
  };
  set(after_packing);
  root.eval();
  set({});
}

}  // namespace sentence_transformers
