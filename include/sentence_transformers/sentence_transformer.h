// Texts in, embeddings out: Python's SentenceTransformer for C++.
#pragma once

#include <ATen/core/Tensor.h>
#include <sentence_transformers/base_model.h>
#include <sentence_transformers/encode_options.h>
#include <sentence_transformers/similarity.h>

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#pragma GCC visibility push(default)
namespace sentence_transformers {

/// A model that turns texts into embeddings.
///
/// Loads a sentence-transformers or Hugging Face folder as it is. const members may be called from
/// several threads at once; loading, moving and set_max_seq_length may not overlap with them. The
/// process's own LibTorch settings (threads, grad mode) are never changed. Weights stay mapped from
/// their files, which may be replaced by renaming but not written to (then a call throws LoadError,
/// or, if the file was cut short meanwhile, the process ends). A process forked from one that has
/// encoded must not encode: LibTorch's threads exist in the parent alone, and it would wait
/// forever.
class SentenceTransformer : public BaseModel {
 public:
  /// `model_name_or_path` is a folder, or a name such as "all-MiniLM-L6-v2" or "org/model" that is
  /// looked up in the current folder and `models/`, else on the Hub, whose files are kept in
  /// options.cache_folder, $SENTENCE_TRANSFORMERS_HOME or the Hugging Face cache; without a network
  /// they are taken from there. Throws LoadError (missing or malformed files; every place that was
  /// looked at, and what the Hub answered), UnsupportedError (a module, architecture or tokenizer
  /// that is not here), Error (no such device).
  explicit SentenceTransformer(const std::string& model_name_or_path,
                               const LoadOptions& options = {});
  /// What was moved from can only be assigned to or destroyed.
  SentenceTransformer(SentenceTransformer&&) noexcept;
  /// What was moved from can only be assigned to or destroyed.
  SentenceTransformer& operator=(SentenceTransformer&&) noexcept;
  ~SentenceTransformer();

  /// One text -> [D] on the CPU, float32 unless options.precision says otherwise. The model's
  /// default prompt is used if it has one. Throws std::invalid_argument for a batch_size below 1,
  /// an unknown prompt name, a truncate_dim outside [1, D], or a task for which the model's Router
  /// has no route.
  at::Tensor encode(std::string_view sentence, const EncodeOptions& options = {}) const;
  /// N texts -> [N, D], in the order given; no text -> [0, D]. A text's row does not depend on the
  /// others.
  at::Tensor encode(const std::vector<std::string>& sentences,
                    const EncodeOptions& options = {}) const;
  /// The same for a braced list: encode({"one text", "another"}).
  at::Tensor encode(std::initializer_list<std::string_view> sentences,
                    const EncodeOptions& options = {}) const;
  /// The same for texts that live elsewhere: nothing of them is copied.
  at::Tensor encode(std::span<const std::string_view> sentences,
                    const EncodeOptions& options = {}) const;

  /// encode with the prompt named "query" and the task "query", unless options name others.
  at::Tensor encode_query(std::string_view sentence, const EncodeOptions& options = {}) const;
  /// The same for N texts -> [N, D].
  at::Tensor encode_query(const std::vector<std::string>& sentences,
                          const EncodeOptions& options = {}) const;
  /// The same for texts that live elsewhere.
  at::Tensor encode_query(std::span<const std::string_view> sentences,
                          const EncodeOptions& options = {}) const;
  /// The same for a braced list.
  at::Tensor encode_query(std::initializer_list<std::string_view> sentences,
                          const EncodeOptions& options = {}) const;

  /// encode with the first of the prompts "document", "passage", "corpus" that the model has,
  /// and the task "document", unless options name others. As in Python a "document" prompt always
  /// exists, empty if the model does not set it.
  at::Tensor encode_document(std::string_view sentence, const EncodeOptions& options = {}) const;
  /// The same for N texts -> [N, D].
  at::Tensor encode_document(const std::vector<std::string>& sentences,
                             const EncodeOptions& options = {}) const;
  /// The same for texts that live elsewhere.
  at::Tensor encode_document(std::span<const std::string_view> sentences,
                             const EncodeOptions& options = {}) const;
  /// The same for a braced list.
  at::Tensor encode_document(std::initializer_list<std::string_view> sentences,
                             const EncodeOptions& options = {}) const;

  /// What the modules make of every token, special ones included: N tensors [T_i, D] float32, of a
  /// Transformer alone its last hidden states. precision must be float32, and normalize_embeddings
  /// does not apply. Throws std::invalid_argument for a model that has none (StaticEmbedding, BoW).
  std::vector<at::Tensor> encode_tokens(const std::vector<std::string>& sentences,
                                        const EncodeOptions& options = {}) const;

  /// [N, D] x [M, D] -> [N, M], by similarity_fn().
  at::Tensor similarity(const at::Tensor& a, const at::Tensor& b) const;
  /// [N, D] x [N, D] -> [N], by similarity_fn().
  at::Tensor similarity_pairwise(const at::Tensor& a, const at::Tensor& b) const;

  /// The longest text the model sees, in tokens, special ones included; the rest is cut
  /// (EncodeOptions::report counts it). The longest of a Router's routes; Tokenizer::kNoLimit where
  /// nothing is cut.
  int64_t max_seq_length() const;
  /// Of every route. Throws std::invalid_argument below 1 or beyond the model's positions, or for a
  /// model that takes texts of any length.
  void set_max_seq_length(int64_t length);

  /// D, after LoadOptions::truncate_dim.
  int64_t get_embedding_dimension() const;
  /// The one that the model's folder names, else cosine.
  SimilarityFunction similarity_fn() const;
  /// Writes the model as a folder that this library and Python open: modules.json, the modules'
  /// settings, the tokenizer's files and model.safetensors, each as a whole or not at all. Throws
  /// Error where the disk refuses, or the folder that the model came from, whose tokenizer files
  /// are copied, is gone.
  void save_pretrained(const std::filesystem::path& folder) const;

  // For training, beside BaseModel's members.

  /// Embeddings [N, D] on device(), not truncated, through autograd, in one packed pass; the
  /// prompt goes in front of every text; a Router chooses its route by `task`, which is empty for
  /// none. Throws std::invalid_argument for no text or an unknown task.
  at::Tensor forward(const std::vector<std::string_view>& sentences, const std::string& prompt = "",
                     const std::string& task = "") const;
  /// The embeddings [N, D] that the modules behind the transformer make of the embedding layer's
  /// output and of each layer's; the last is forward's.
  std::vector<at::Tensor> forward_layers(const std::vector<std::string_view>& sentences,
                                         const std::string& prompt = "",
                                         const std::string& task = "") const;

 private:
  struct Impl;
  Impl& impl() const;
};

}  // namespace sentence_transformers
#pragma GCC visibility pop
