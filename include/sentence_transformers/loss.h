// What every training objective is: a function of a model and a batch; it holds no model.
//
// One of your own derives from EmbeddingLoss and writes compute(), for which it includes
// <ATen/ATen.h>.
#pragma once

#include <ATen/core/Tensor.h>
#include <sentence_transformers/dataset.h>
#include <sentence_transformers/sentence_transformer.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)
namespace sentence_transformers {

/// One step's examples.
struct Batch {
  std::vector<Example> examples = {};  ///< rows: N of C texts, and their labels
  /// Put in front of each column's texts; empty, or one for each column, else losses throw
  /// std::invalid_argument.
  std::vector<std::string> prompts = {};
  /// The task of each column, by which a Router chooses its route; empty, or one for each column.
  std::vector<std::string> tasks = {};

  /// Texts by column: [C][N]. Throws std::invalid_argument if examples differ in their number of
  /// texts.
  std::vector<std::vector<std::string_view>> columns() const;
  /// [N] float32 if each example has one label, else [N, K]. Throws std::invalid_argument if there
  /// are none, or numbers differ.
  at::Tensor labels() const;
};

/// Tensors by name, which share memory with whose they are.
using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

/// What a SentenceTransformer is trained for.
class Loss {
 public:
  virtual ~Loss() = default;
  /// Python's class name.
  virtual std::string name() const = 0;
  /// The batch's loss, a scalar through which backward() reaches the model. Throws
  /// std::invalid_argument if the batch has not the texts or labels that the loss needs.
  virtual at::Tensor forward(const SentenceTransformer& model, const Batch& batch) = 0;
  /// What is trained beside the model, such as a classifier. A trainer moves these tensors to the
  /// model's device, in place.
  virtual NamedTensors named_parameters() const { return {}; }
};

/// A loss that needs nothing but each column's embeddings.
class EmbeddingLoss : public Loss {
 public:
  /// Embeds all columns in one packed pass and calls compute. With a mini_batch_size, embeds that
  /// many texts at a time without keeping what backward would need, and embeds them again in
  /// backward (gradient cache, arXiv 2101.06983): memory is a mini-batch's, the gradient the whole
  /// batch's. The model must outlive that backward, which can run once.
  at::Tensor forward(const SentenceTransformer& model, const Batch& batch) override;

  /// embeddings: one [N, D] for each column -> scalar.
  virtual at::Tensor compute(const std::vector<at::Tensor>& embeddings, const Batch& batch) = 0;
  /// Texts embedded at a time; 0 is all.
  virtual int64_t mini_batch_size() const { return 0; }
};

/// Distances of rows: [N, D], [N, D] -> [N]. cosine is 1 - cosine similarity.
enum class DistanceMetric { cosine, euclidean, manhattan };

}  // namespace sentence_transformers
#pragma GCC visibility pop
