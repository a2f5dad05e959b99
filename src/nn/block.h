// A module whose children bear the names that a checkpoint has for them.
#pragma once

#include <torch/nn/module.h>

#include <memory>
#include <string>
#include <vector>

#include "core/weights.h"
#include "nn/layers.h"
#include "nn/norm.h"

namespace sentence_transformers {

class Block : public torch::nn::Module {
 public:
  /// Registers a child under a name that may have dots, as "attention.self.query".
  template <class Child>
  std::shared_ptr<Child> add(const std::string& name, std::shared_ptr<Child> child) {
    const size_t dot = name.rfind('.');
    Block& parent = dot == name.npos ? *this : scope(name.substr(0, dot));
    parent.register_module(dot == name.npos ? name : name.substr(dot + 1), child);
    return child;
  }

  /// Registers a parameter under a name that may have dots.
  at::Tensor add_parameter(const std::string& name, at::Tensor value) {
    const size_t dot = name.rfind('.');
    Block& parent = dot == name.npos ? *this : scope(name.substr(0, dot));
    return parent.register_parameter(dot == name.npos ? name : name.substr(dot + 1),
                                     std::move(value));
  }

  /// The projection of that name from the checkpoint.
  std::shared_ptr<Projection> add_projection(const std::string& name, const Weights& weights,
                                             int64_t in, int64_t out, bool bias = true) {
    return add(name, std::make_shared<Projection>(weights / name, in, out, bias));
  }
  /// A projection and its product.
  std::shared_ptr<Linear> add_linear(const std::string& name, const Weights& weights, int64_t in,
                                     int64_t out, bool bias = true) {
    return add_product(std::make_shared<Linear>(add_projection(name, weights, in, out, bias)));
  }
  /// A product of projections that are registered by their own names.
  std::shared_ptr<Linear> add_product(std::shared_ptr<Linear> product) {
    return register_module("product" + std::to_string(children().size()), std::move(product));
  }
  std::shared_ptr<Norm> add_norm(const std::string& name, const Weights& weights, int64_t size,
                                 const NormConfig& config) {
    return add(name, std::make_shared<Norm>(weights / name, size, config));
  }
  std::shared_ptr<Dropout> add_dropout(const std::string& name, double probability) {
    return register_module(name, std::make_shared<Dropout>(probability));
  }

 private:
  /// The child of that name, made where it is not there yet.
  Block& scope(const std::string& name) {
    Block* at = this;
    for (size_t begin = 0; begin <= name.size();) {
      const size_t dot = std::min(name.find('.', begin), name.size());
      const std::string part = name.substr(begin, dot - begin);
      const auto children = at->named_children();  // a copy, which `found` points into
      const auto* found = children.find(part);
      at = found ? dynamic_cast<Block*>(found->get())
                 : at->register_module(part, std::make_shared<Block>()).get();
      begin = dot + 1;
    }
    return *at;
  }
};

}  // namespace sentence_transformers
