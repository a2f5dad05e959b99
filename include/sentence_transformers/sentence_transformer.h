// Texts in, embeddings out: Python's SentenceTransformer for C++.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>
#include <sentence_transformers/quantization.h>
#include <sentence_transformers/similarity.h>
#include <sentence_transformers/tokenizer.h>

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sentence_transformers {

struct LoadOptions {
  /// "", "cpu", "cuda" or "cuda:1"; "" picks CUDA where there is one.
  std::string device = "";
  /// kFloat, kBFloat16 or kHalf, of weights and compute, whatever the checkpoint holds. On a CPU
  /// without instructions for the type (AVX512_BF16, AVX512_FP16) loading throws Error.
  at::ScalarType dtype = at::kFloat;
  /// int8 is for the CPU and dtype kFloat: faster and smaller, at a cosine of about 0.99 to
  /// float32.
  Quantization quantization = Quantization::none;
  /// Every embedding keeps this many dimensions, unless a call says otherwise.
  std::optional<int64_t> truncate_dim = std::nullopt;
  /// Where downloads go, and looked into before $SENTENCE_TRANSFORMERS_HOME and the Hugging Face
  /// cache.
  std::optional<std::string> cache_folder = std::nullopt;
  /// As in HubOptions, hub.h.
  std::optional<std::string> revision = std::nullopt;
  std::optional<std::string> token = std::nullopt;
  bool local_files_only = false;
  bool show_progress_bar = false;
};

/// What one encode call did.
struct EncodeReport {
  int64_t texts = 0;
  int64_t tokens = 0;     ///< of all texts, as the model sees them
  int64_t truncated = 0;  ///< texts longer than max_seq_length, whose end the model did not see
};

struct EncodeOptions {
  /// One of the model's prompts(), put in front of every text.
  std::optional<std::string> prompt_name = std::nullopt;
  /// Put in front of every text; wins over prompt_name.
  std::optional<std::string> prompt = std::nullopt;
  /// Texts a forward pass at most; memory is bounded by a token budget as well.
  int64_t batch_size = 32;
  /// On stderr.
  bool show_progress_bar = false;
  /// Of the result, see quantization.h.
  Precision precision = Precision::float32;
  /// To length 1, after truncation.
  bool normalize_embeddings = false;
  /// Keep this many dimensions.
  std::optional<int64_t> truncate_dim = std::nullopt;
  /// Filled in when the call returns.
  EncodeReport* report = nullptr;
};

/// A model that turns texts into embeddings.
///
/// Loads a sentence-transformers or Hugging Face folder as it is. const members may be called from
/// several threads at once; loading, moving and set_max_seq_length may not overlap with them. The
/// process's own LibTorch settings (threads, grad mode) are never changed.
class SentenceTransformer {
 public:
  /// `model_name_or_path` is a folder, or a name such as "all-MiniLM-L6-v2" or "org/model" that is
  /// looked up in the current folder and `models/`, else on the Hub, whose files are kept in
  /// options.cache_folder, $SENTENCE_TRANSFORMERS_HOME or the Hugging Face cache; without a network
  /// they are taken from there. Throws LoadError (missing or malformed files; every place that was
  /// looked at, and what the Hub answered), UnsupportedError (a module, architecture or tokenizer
  /// that is not here), Error (no such device).
  explicit SentenceTransformer(const std::string& model_name_or_path,
                               const LoadOptions& options = {});
  SentenceTransformer(SentenceTransformer&&) noexcept;
  SentenceTransformer& operator=(SentenceTransformer&&) noexcept;
  ~SentenceTransformer();

  /// One text -> [D] on the CPU, float32 unless options.precision says otherwise. The model's
  /// default prompt is used if it has one. Throws std::invalid_argument for a batch_size below 1,
  /// an unknown prompt name, or a truncate_dim outside [1, D].
  at::Tensor encode(std::string_view sentence, const EncodeOptions& options = {}) const;
  /// N texts -> [N, D], in the order given; no text -> [0, D]. A text's row does not depend on the
  /// others.
  at::Tensor encode(const std::vector<std::string>& sentences,
                    const EncodeOptions& options = {}) const;
  at::Tensor encode(std::initializer_list<std::string_view> sentences,
                    const EncodeOptions& options = {}) const;

  /// encode with the prompt named "query", unless options name one.
  at::Tensor encode_query(std::string_view sentence, const EncodeOptions& options = {}) const;
  at::Tensor encode_query(const std::vector<std::string>& sentences,
                          const EncodeOptions& options = {}) const;
  at::Tensor encode_query(std::initializer_list<std::string_view> sentences,
                          const EncodeOptions& options = {}) const;

  /// encode with the first of the prompts "document", "passage", "corpus" that the model has,
  /// unless options name one. As in Python a "document" prompt always exists, empty if the model
  /// does not set it.
  at::Tensor encode_document(std::string_view sentence, const EncodeOptions& options = {}) const;
  at::Tensor encode_document(const std::vector<std::string>& sentences,
                             const EncodeOptions& options = {}) const;
  at::Tensor encode_document(std::initializer_list<std::string_view> sentences,
                             const EncodeOptions& options = {}) const;

  /// The last hidden state of every token, special ones included: N tensors [T_i, D] float32.
  /// precision must be float32, and normalize_embeddings does not apply.
  std::vector<at::Tensor> encode_tokens(const std::vector<std::string>& sentences,
                                        const EncodeOptions& options = {}) const;

  /// [N, D] x [M, D] -> [N, M], by similarity_fn().
  at::Tensor similarity(const at::Tensor& a, const at::Tensor& b) const;
  /// [N, D] x [N, D] -> [N], by similarity_fn().
  at::Tensor similarity_pairwise(const at::Tensor& a, const at::Tensor& b) const;

  /// The longest text the model sees, in tokens, special ones included; the rest is cut
  /// (EncodeOptions::report counts it).
  int64_t max_seq_length() const;
  /// Throws std::invalid_argument below 1 or beyond the model's positions.
  void set_max_seq_length(int64_t length);

  /// D, after LoadOptions::truncate_dim.
  int64_t get_embedding_dimension() const;
  SimilarityFunction similarity_fn() const;
  const std::map<std::string, std::string>& prompts() const;
  const std::optional<std::string>& default_prompt_name() const;
  const Tokenizer& tokenizer() const;
  c10::Device device() const;
  at::ScalarType dtype() const;
  /// The folder the model was loaded from.
  const std::filesystem::path& path() const;

  /// Writes the model as a folder that this library and Python open: modules.json, the modules'
  /// settings, the tokenizer's files and model.safetensors, each as a whole or not at all. Throws
  /// Error where the disk refuses, or the folder that the model came from, whose tokenizer files
  /// are copied, is gone.
  void save_pretrained(const std::filesystem::path& folder) const;

  // For training; trainer.h uses no more than this.

  /// Embeddings [N, D] on device(), not truncated, through autograd, in one packed pass; the
  /// prompt goes in front of every text. Throws std::invalid_argument for no text.
  at::Tensor forward(const std::vector<std::string_view>& sentences,
                     const std::string& prompt = "") const;
  /// The embeddings [N, D] that the modules behind the transformer make of the embedding layer's
  /// output and of each layer's; the last is forward's.
  std::vector<at::Tensor> forward_layers(const std::vector<std::string_view>& sentences,
                                         const std::string& prompt = "") const;
  /// By the checkpoint's names; they share memory with the model, and require gradients after
  /// train().
  std::vector<std::pair<std::string, at::Tensor>> named_parameters() const;
  /// Dropout on, packed weights off; train(false) undoes both. A model with weights in int8 or
  /// half precision cannot be trained: throws std::invalid_argument.
  void train(bool on = true);
  bool is_training() const;
  /// Of every dropout in the model, instead of config.json's.
  void set_dropout(double probability);
  /// Layers keep only their input for backward, and run again there.
  void set_gradient_checkpointing(bool on);
  /// forward's products in bfloat16, by LibTorch's autocast; what it returns is float32.
  void set_autocast(bool on);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sentence_transformers
