// One step of modules.json; each file in this folder is one.
#pragma once

#include <torch/nn/module.h>

#include <filesystem>
#include <memory>
#include <string>

#include "nn/token_batch.h"

namespace sentence_transformers {

/// What passes from module to module; each fills in its part.
struct Features {
  TokenBatch batch = {};
  int64_t prompt_tokens = 0;  // at the start of each text, for a Pooling that leaves the prompt out
  std::vector<at::Tensor>* layers = nullptr;  // if set: [T, D] of each layer, by Transformer
  at::Tensor token_embeddings = {};           // [T, D], by Transformer
  at::Tensor logits = {};                     // [N, labels], by a Transformer with a head
  at::Tensor sentence_embedding = {};         // [N, D'], by Pooling and what follows
};

class Module : public torch::nn::Module {
 public:
  virtual void forward(Features& features) const = 0;
  /// D' of sentence_embedding behind this module, given D' before it.
  virtual int64_t output_size(int64_t input_size) const { return input_size; }

  /// Python's class name.
  virtual std::string type() const = 0;
  /// Where Python has the class, in the spelling that most versions of its library read.
  virtual std::string python_path() const { return "sentence_transformers.models." + type(); }
  /// Writes what the module is made of into its own folder, which exists.
  virtual void save(const std::filesystem::path& /*folder*/) const {}

  /// The type that save() writes parameters in, whatever the file had.
  void set_dtype(at::ScalarType dtype) { dtype_ = dtype; }

 protected:
  at::ScalarType dtype() const { return dtype_; }
  /// Writes the module's own parameters as model.safetensors.
  void save_parameters(const std::filesystem::path& folder) const;

 private:
  at::ScalarType dtype_ = at::kFloat;
};

/// The module that a Python type names, such as "sentence_transformers.models.Pooling", from its
/// folder. `input_size` is D before it. Throws UnsupportedError for a type that is not here.
std::shared_ptr<Module> make_module(const std::string& type, const std::filesystem::path& folder,
                                    int64_t input_size);

/// "sentence_transformers.models.Pooling.Pooling" -> "Pooling": the class whatever the module path
/// of the version that saved it.
std::string module_class(const std::string& type);

}  // namespace sentence_transformers
