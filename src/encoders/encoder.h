// A transformer that turns packed tokens into hidden states, and what stands on it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/config.h"
#include "core/weights.h"
#include "nn/block.h"
#include "nn/token_batch.h"

namespace sentence_transformers {

class Encoder : public Block {
 public:
  /// The last hidden states [T, hidden_size()], see TokenBatch::first_alone. If `layers` is given,
  /// the embedding layer's output and each layer's are appended to it.
  virtual at::Tensor forward(const TokenBatch& batch,
                             std::vector<at::Tensor>* layers = nullptr) const = 0;

  virtual int64_t hidden_size() const = 0;
  virtual int64_t vocab_size() const = 0;
  /// The longest text it can take, in tokens.
  virtual int64_t max_positions() const = 0;

  /// In training, layers keep their input alone and run again in backward.
  bool gradient_checkpointing = false;
};

/// What a sequence-classification checkpoint has on its encoder.
class ClassificationHead : public Block {
 public:
  /// Hidden states [T, D] -> logits [N, num_labels()].
  virtual at::Tensor forward(const at::Tensor& hidden_states, const TokenBatch& batch) const = 0;
  virtual int64_t num_labels() const = 0;
  /// Does it read the hidden states of each text's first token alone?
  virtual bool reads_first_alone() const { return false; }
};

/// What a masked language model has on its encoder.
class LanguageHead : public Block {
 public:
  /// Hidden states [T, D] -> a score of each word of the encoder's, [T, vocab_size()].
  virtual at::Tensor forward(const at::Tensor& hidden_states) const = 0;
};

/// The score of a reranker that is a language model: the logit of one token behind the text, less
/// that of another, as in `yes` and `no`.
struct LogitScoreConfig {
  int64_t true_token_id = 0;
  std::optional<int64_t> false_token_id = std::nullopt;
};

struct Classifier {
  std::shared_ptr<Encoder> encoder;
  std::shared_ptr<ClassificationHead> head;
  std::string prefix;        // of the encoder's tensors, beside the head's, in a checkpoint
  std::string architecture;  // for config.json's `architectures`
};

struct MaskedLanguageModel {
  std::shared_ptr<Encoder> encoder;
  std::shared_ptr<LanguageHead> head;
  std::string prefix, architecture;  // as a Classifier's
};

/// The encoder that config.json's `model_type` names, built from a checkpoint. Throws
/// UnsupportedError, naming what there is, for an unknown one, and LoadError where config and
/// checkpoint do not fit, or the checkpoint holds tensors that the architecture does not know.
std::shared_ptr<Encoder> make_encoder(const Config& config, const Weights& weights);

/// The same with its classification head. A checkpoint without one gets a new one of `num_labels`,
/// drawn from LibTorch's default generator, or UnsupportedError without that number; one with a
/// head of another size is std::invalid_argument.
Classifier make_classifier(const Config& config, const Weights& weights,
                           std::optional<int64_t> num_labels);

/// A language model's encoder, and a head of one label that gives its score. Throws
/// UnsupportedError for an architecture of which there are no such rerankers, LoadError for a token
/// outside the vocabulary.
Classifier make_logit_scorer(const Config& config, const Weights& weights,
                             const LogitScoreConfig& score);

/// An encoder with its scores of words. Throws UnsupportedError for an architecture without them.
MaskedLanguageModel make_masked_language_model(const Config& config, const Weights& weights);

/// Is config.json that of such a model, by the name of one of its architectures?
bool is_masked_language_model(const Config& config);

/// How many labels config.json speaks of, by `num_labels` or else `id2label`; without both a
/// classifier of transformers' has 2, and any other checkpoint 1, as in Python.
int64_t count_labels(const Config& config);

}  // namespace sentence_transformers
