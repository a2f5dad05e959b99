// Modules that only give their children the names a checkpoint uses.
#pragma once

#include <torch/nn/module.h>

#include <memory>
#include <string>
#include <vector>

namespace sentence_transformers {

/// Puts `child` one name deeper: Scope("dense", linear) registered as "intermediate" makes
/// "intermediate.dense".
class Scope : public torch::nn::Module {
 public:
  Scope(const char* name, std::shared_ptr<torch::nn::Module> child) {
    register_module(name, std::move(child));
  }
};

/// A numbered list: "0", "1", ...
template <class Child>
class Stack : public torch::nn::Module {
 public:
  void append(std::shared_ptr<Child> child) {
    list_.push_back(register_module(std::to_string(list_.size()), std::move(child)));
  }
  const std::vector<std::shared_ptr<Child>>& list() const { return list_; }

 private:
  std::vector<std::shared_ptr<Child>> list_;
};

}  // namespace sentence_transformers
