// What models of every kind share: prompts, a tokenizer, a device, and what training needs.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>
#include <sentence_transformers/tokenizer.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)
namespace sentence_transformers {

/// The base of SentenceTransformer and CrossEncoder. const members may be called from several
/// threads at once; loading, moving and training may not overlap with them.
class BaseModel {
 public:
  /// Texts that go in front of the model's inputs, by name, such as "query".
  const std::map<std::string, std::string>& prompts() const;
  /// The one of prompts() that is used where a call names none.
  const std::optional<std::string>& default_prompt_name() const;
  /// What cuts texts into the model's tokens; it lives as long as the model. Of a Router's routes
  /// the first that has one. Throws UnsupportedError for a model whose first module splits texts
  /// into words of its own list (WordEmbeddings, BoW).
  const Tokenizer& tokenizer() const;
  /// Where the model computes.
  c10::Device device() const;
  /// The type of its weights and of what it computes in.
  at::ScalarType dtype() const;
  /// The folder the model was loaded from.
  const std::filesystem::path& path() const;

  // For training; trainer.h uses no more than this and a model's forward.

  /// By the checkpoint's names; they share memory with the model, and require gradients after
  /// train().
  std::vector<std::pair<std::string, at::Tensor>> named_parameters() const;
  /// Dropout on, packed weights off; train(false) undoes both. A model with weights in int8 or
  /// half precision cannot be trained: throws std::invalid_argument.
  void train(bool on = true);
  /// Whether train(true) was called last.
  bool is_training() const;
  /// Of every dropout in the model, instead of config.json's.
  void set_dropout(double probability);
  /// Layers keep only their input for backward, and run again there.
  void set_gradient_checkpointing(bool on);
  /// forward's products in bfloat16, by LibTorch's autocast; what it returns is float32.
  void set_autocast(bool on);

 protected:
  struct Internals;
  /// Takes what the derived class has loaded.
  explicit BaseModel(std::unique_ptr<Internals> internals);
  /// What was moved from can only be assigned to or destroyed.
  BaseModel(BaseModel&&) noexcept;
  /// What was moved from can only be assigned to or destroyed.
  BaseModel& operator=(BaseModel&&) noexcept;
  ~BaseModel();

  std::unique_ptr<Internals> internals_;  ///< nothing after a move
};

}  // namespace sentence_transformers
#pragma GCC visibility pop
