#include "nn/layers.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>

#include "nn/workspace.h"

namespace sentence_transformers {

Projection::Projection(const Weights& weights, int64_t in, int64_t out, bool with_bias)
    : weight(register_parameter("weight", weights.get("weight", {out, in}))) {
  if (with_bias) bias = register_parameter("bias", weights.get("bias", {out}));
}

Projection::Projection(int64_t in, int64_t out, double deviation, bool with_bias)
    : weight(
          register_parameter("weight", at::empty({out, in}, at::kFloat).normal_(0.0, deviation))) {
  if (with_bias) bias = register_parameter("bias", at::zeros({out}, at::kFloat));
}

Projection::Projection(at::Tensor shared_weight, at::Tensor shared_bias)
    : weight(std::move(shared_weight)), bias(std::move(shared_bias)) {}

at::Tensor Projection::forward(const at::Tensor& x) const {
  const auto type = x.scalar_type();
  return at::linear(x, weight.to(type), bias.defined() ? bias.to(type) : bias);
}

std::shared_ptr<Projection> new_projection(int64_t in, int64_t out, bool with_bias) {
  const auto projection = std::make_shared<Projection>(in, out, /*deviation=*/0, with_bias);
  const double most = 1 / std::sqrt(static_cast<double>(in));
  const at::NoGradGuard no_grad;
  projection->weight.uniform_(-most, most);
  if (with_bias) projection->bias.uniform_(-most, most);
  return projection;
}

Linear::Linear(std::shared_ptr<Projection> projection)
    : Linear(std::vector<ProjectionRows>{{projection, 0, projection->weight.size(0)}}) {}

Linear::Linear(std::vector<ProjectionRows> rows, bool gated)
    : rows_(std::move(rows)), gated_(gated) {}

at::Tensor Linear::forward(const at::Tensor& x, Activation activation) const {
  if (packed_.usable()) return packed_.forward(x, activation);
  std::vector<at::Tensor> outputs;
  const Projection* last = nullptr;
  for (const ProjectionRows& rows : rows_) {
    // Halves of one projection follow each other: it is computed once.
    if (rows.projection.get() != last) outputs.push_back(rows.projection->forward(x));
    last = rows.projection.get();
  }
  const at::Tensor y = outputs.size() == 1 ? outputs[0] : at::cat(outputs, 1);
  if (!gated_) return activate(y, activation);
  const auto half = [&](const ProjectionRows& rows, int64_t other) {
    const bool is_whole = outputs.size() > 1;
    return y.narrow(1, is_whole ? other : rows.begin, rows.count);
  };
  return activate(half(rows_[0], 0), activation) * half(rows_[1], rows_[0].count);
}

void Linear::pack(const ComputeType& compute, PackedParameters& packed) {
  std::vector<LinearRows> parts;
  for (const auto& [projection, begin, count] : rows_) {
    const at::Tensor& bias = projection->bias;
    parts.push_back({projection->weight.detach().narrow(0, begin, count),
                     bias.defined() ? bias.detach().narrow(0, begin, count) : bias});
  }
  packed_ = PackedLinear(parts, gated_, compute);
  if (!packed_.packed()) return;
  for (const ProjectionRows& rows : rows_) {
    packed.insert(rows.projection->weight.unsafeGetTensorImpl());
    if (rows.projection->bias.defined()) {
      packed.insert(rows.projection->bias.unsafeGetTensorImpl());
    }
  }
}

at::Tensor Dropout::forward(const at::Tensor& x) const {
  return is_training() ? at::dropout(x, probability, true) : x;
}

Embedding::Embedding(const Weights& weights, int64_t count, int64_t size)
    : weight(register_parameter("weight", weights.get("weight", {count, size}))) {}

at::Tensor Embedding::forward(const at::Tensor& ids) const {
  if (at::GradMode::is_enabled()) {
    const at::Tensor rows = at::embedding(weight, ids);
    return type_ ? rows.to(*type_) : rows;
  }
  at::Tensor rows = empty_in_workspace({ids.size(0), weight.size(1)}, weight.options());
  at::index_select_out(rows, weight, 0, ids);
  return type_ ? rows.to(*type_) : rows;
}

void Embedding::pack(const ComputeType& compute, PackedParameters& packed) {
  type_ = compute.type;
  packed.insert(weight.unsafeGetTensorImpl());
}

}  // namespace sentence_transformers
