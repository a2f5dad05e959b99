// One step of modules.json; each file in this folder is one.
#pragma once

#include <torch/nn/module.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nn/token_batch.h"

namespace sentence_transformers {

struct AutoEncoderOutputs;
class LanguageHead;

/// What passes from module to module; each fills in its part.
struct Features {
  TokenBatch batch = {};
  int64_t prompt_tokens = 0;  // at the start of each text, for a Pooling that leaves the prompt out
  std::vector<at::Tensor>* layers = nullptr;    // if set: [T, D] of each layer, by Transformer
  at::Tensor token_embeddings = {};             // [T, D], by Transformer and what works on tokens
  const LanguageHead* words = nullptr;          // makes scores of words of token_embeddings
  at::Tensor token_weights_sum = {};            // [N], by WordWeights
  at::Tensor logits = {};                       // [N, labels], by a Transformer with a head
  at::Tensor sentence_embedding = {};           // [N, D'], by Pooling and what follows
  std::string task = {};                        // what the texts are: "query", "document"; or ""
  std::optional<int64_t> max_active_dims = {};  // that a SparseAutoEncoder keeps, if not its own k
  AutoEncoderOutputs* auto_encoder = nullptr;   // if set: filled in by a SparseAutoEncoder
  /// The rows of token_embeddings that each text has, where a module took some of them away.
  std::optional<std::vector<int64_t>> token_counts = std::nullopt;

  /// The same whether or not some were taken away.
  std::vector<int64_t> rows_of_texts() const;
};

/// How wide the embeddings are that pass between modules; 0 where there are none yet.
struct FeatureSizes {
  int64_t token_embeddings = 0, sentence_embedding = 0;
  int64_t words = 0;          // that Features::words scores, instead of token_embeddings
  bool multi_vector = false;  // no sentence embeddings are wanted: what can, works on tokens
  bool some_tokens = false;   // a module took some tokens away
  bool operator==(const FeatureSizes&) const = default;
};

class InputModule;

class Module : public torch::nn::Module {
 public:
  virtual void forward(Features& features) const = 0;
  /// The sizes behind this module, given those before it.
  virtual FeatureSizes output_sizes(FeatureSizes sizes) const { return sizes; }

  /// Appends the modules that texts of a task pass here, in their order: this one itself, or those
  /// of a Router's route. Throws std::invalid_argument, begun by `function`, if there is no route.
  virtual void add_steps(const std::string& task, const std::string& function,
                         std::vector<const Module*>& steps) const;
  /// Appends the modules by which texts may enter, if this is a model's first module.
  virtual void add_inputs(std::vector<InputModule*>& /*inputs*/) {}
  /// Does it compute with Features::layers?
  virtual bool reads_layers() const { return false; }
  /// Is each text's first token all that it reads of token_embeddings?
  virtual bool reads_first_alone() const { return false; }

  /// Python's class name.
  virtual std::string type() const = 0;
  /// Where Python has the class, in the spelling that most versions of its library read.
  virtual std::string python_path() const { return "sentence_transformers.models." + type(); }
  /// Writes what the module is made of into its own folder, which exists.
  virtual void write(const std::filesystem::path& /*folder*/) const {}
  /// Does a model whose first module it is keep its files in the model's own folder?
  virtual bool saves_in_root() const { return true; }
  /// The parameters by the names that a checkpoint has for them, each once.
  virtual std::vector<std::pair<std::string, at::Tensor>> checkpoint_parameters() const;

  /// Lets go of the checkpoint's pages until they are touched again; only before anything changes a
  /// parameter.
  virtual void release_pages() const {}
  /// No more of that: the parameters may change from now on. Throws LoadError if a file of the
  /// checkpoint was written to since it was opened.
  virtual void forget_checkpoint() {}

  /// The type that write() gives parameters in, whatever the file had.
  virtual void set_dtype(at::ScalarType dtype) { dtype_ = dtype; }

 protected:
  at::ScalarType dtype() const { return dtype_; }
  /// Writes the module's own parameters as model.safetensors.
  void save_parameters(const std::filesystem::path& folder) const;

 private:
  at::ScalarType dtype_ = at::kFloat;
};

}  // namespace sentence_transformers
