#include "nn/packing.h"

#include <ATen/ATen.h>

namespace sentence_transformers {
namespace {

void convert(torch::nn::Module& root, at::ScalarType type, const PackedParameters& but) {
  for (at::Tensor& parameter : root.parameters()) {
    if (parameter.scalar_type() == type || but.count(parameter.unsafeGetTensorImpl())) continue;
    parameter.set_data(parameter.detach().to(type));
  }
}

}  // namespace

void pack_weights(torch::nn::Module& root, const ComputeType& compute,
                  const std::function<void()>& after_each) {
  PackedParameters packed;
  for (const auto& module : root.modules()) {
    auto* packing = dynamic_cast<Packing*>(module.get());
    if (!packing) continue;
    packing->pack(compute, packed);
    after_each();
  }
  convert(root, compute.type, packed);
  after_each();
}

void unpack_weights(torch::nn::Module& root, at::ScalarType type) {
  for (const auto& module : root.modules()) {
    if (auto* packing = dynamic_cast<Packing*>(module.get())) packing->unpack();
  }
  convert(root, type, {});
}

}  // namespace sentence_transformers
