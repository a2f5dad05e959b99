// Texts in, sparse vectors out, of words (SPLADE) or of latents (CSR): Python's SparseEncoder for
// C++.
#pragma once

#include <ATen/core/Tensor.h>
#include <sentence_transformers/auto_encoder_outputs.h>
#include <sentence_transformers/base_model.h>
#include <sentence_transformers/encode_options.h>
#include <sentence_transformers/similarity.h>

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)
namespace sentence_transformers {

/// How SparseEncoder::encode makes embeddings.
struct SparseEncodeOptions {
  /// One of the model's prompts(), put in front of every text.
  std::optional<std::string> prompt_name = std::nullopt;
  /// Put in front of every text; wins over prompt_name.
  std::optional<std::string> prompt = std::nullopt;
  /// Texts a forward pass at most; memory is bounded by a token budget as well.
  int64_t batch_size = 32;
  /// On stderr.
  bool show_progress_bar = false;
  /// Keep this many values of each embedding, the largest in absolute terms (of latents, the
  /// largest); else as the model's folder says, or all.
  std::optional<int64_t> max_active_dims = std::nullopt;
  /// Filled in when the call returns.
  EncodeReport* report = nullptr;
  /// By which a Router in the model chooses its route, as in EncodeOptions.
  std::optional<std::string> task = std::nullopt;
};

/// How many dimensions of embeddings are not 0, as a mean over rows.
struct Sparsity {
  double active_dims = 0;     ///< dimensions that are not 0
  double sparsity_ratio = 1;  ///< share of the others
};

/// A word or part of one, and its weight in an embedding.
using WeightedToken = std::pair<std::string, float>;

/// A model that turns texts into sparse vectors of V dimensions: one for each token of its
/// vocabulary (SPLADE), or one for each latent of a SparseAutoEncoder behind dense embeddings (CSR,
/// arXiv 2503.01776). What SentenceTransformer says of threads, files and forks holds here too.
class SparseEncoder : public BaseModel {
 public:
  /// As SentenceTransformer's. A bare masked language model gets SPLADE's pooling by the maximum; a
  /// SentenceTransformer, and another bare model with its tokens' mean, gets a SparseAutoEncoder
  /// with random weights by LibTorch's default generator, which has to be trained first. Throws as
  /// that one, and std::invalid_argument for options.truncate_dim.
  explicit SparseEncoder(const std::string& model_name_or_path, const LoadOptions& options = {});
  /// What was moved from can only be assigned to or destroyed.
  SparseEncoder(SparseEncoder&&) noexcept;
  /// What was moved from can only be assigned to or destroyed.
  SparseEncoder& operator=(SparseEncoder&&) noexcept;
  ~SparseEncoder();

  /// One text -> [V], sparse. Throws as encode of N texts.
  at::Tensor encode(std::string_view sentence, const SparseEncodeOptions& options = {}) const;
  /// N texts -> [N, V], a coalesced sparse COO tensor, float32 on the CPU, in the order given.
  /// Throws std::invalid_argument for a batch_size or max_active_dims below 1, an unknown prompt
  /// name, or a task for which the model's Router has no route.
  at::Tensor encode(const std::vector<std::string>& sentences,
                    const SparseEncodeOptions& options = {}) const;
  /// The same for a braced list: encode({"one text", "another"}).
  at::Tensor encode(std::initializer_list<std::string_view> sentences,
                    const SparseEncodeOptions& options = {}) const;
  /// The same for texts that live elsewhere: nothing of them is copied.
  at::Tensor encode(std::span<const std::string_view> sentences,
                    const SparseEncodeOptions& options = {}) const;

  /// encode with the prompt named "query" and the task "query", unless options name others.
  at::Tensor encode_query(std::string_view sentence, const SparseEncodeOptions& options = {}) const;
  /// The same for N texts -> [N, V].
  at::Tensor encode_query(const std::vector<std::string>& sentences,
                          const SparseEncodeOptions& options = {}) const;

  /// encode with the first of the prompts "document", "passage", "corpus" that the model has, and
  /// the task "document", unless options name others.
  at::Tensor encode_document(std::string_view sentence,
                             const SparseEncodeOptions& options = {}) const;
  /// The same for N texts -> [N, V].
  at::Tensor encode_document(const std::vector<std::string>& sentences,
                             const SparseEncodeOptions& options = {}) const;

  /// An embedding [V], or the first row of [1, V] -> its tokens with their weights, the largest
  /// first; at most top_k of them. Throws std::invalid_argument for a top_k below 1 or another
  /// shape.
  std::vector<WeightedToken> decode(const at::Tensor& embedding,
                                    std::optional<int64_t> top_k = std::nullopt) const;
  /// The same of each of [N, V].
  std::vector<std::vector<WeightedToken>> decode_batch(
      const at::Tensor& embeddings, std::optional<int64_t> top_k = std::nullopt) const;

  /// [N, V] x [M, V] -> [N, M], dense, by similarity_fn(); sparse or dense embeddings. The dot
  /// product and the cosine visit only what both embeddings have.
  at::Tensor similarity(const at::Tensor& a, const at::Tensor& b) const;
  /// [N, V] x [N, V] -> [N], by similarity_fn().
  at::Tensor similarity_pairwise(const at::Tensor& a, const at::Tensor& b) const;

  /// Of embeddings [N, V] or [V]; of none 0 and 1.
  static Sparsity sparsity(const at::Tensor& embeddings);
  /// [V] and [V] or [M, V] -> of the second's shape, sparse: the products that are above 0. Throws
  /// std::invalid_argument for other shapes.
  static at::Tensor intersection(const at::Tensor& a, const at::Tensor& b);

  /// The longest text the model sees, as SentenceTransformer's.
  int64_t max_seq_length() const;
  /// As SentenceTransformer's.
  void set_max_seq_length(int64_t length);
  /// V.
  int64_t get_embedding_dimension() const;
  /// How many values an embedding keeps, if the model's folder or its SparseAutoEncoder says so.
  std::optional<int64_t> max_active_dims() const;
  /// The one that the model's folder names, else dot.
  SimilarityFunction similarity_fn() const;
  /// Writes the model as a folder that this library and Python open, as SentenceTransformer's.
  void save_pretrained(const std::filesystem::path& folder) const;

  /// For training: embeddings [N, V] on device(), dense, with all their values, through autograd,
  /// in one packed pass. Arguments and errors as SentenceTransformer's.
  at::Tensor forward(const std::vector<std::string_view>& sentences, const std::string& prompt = "",
                     const std::string& task = "") const;
  /// The same of a model with a SparseAutoEncoder, and what it decodes, each [N, ...] in the order
  /// given. Throws as forward, and std::invalid_argument for a model without one.
  AutoEncoderOutputs forward_auto_encoder(const std::vector<std::string_view>& sentences,
                                          const std::string& prompt = "",
                                          const std::string& task = "") const;

 private:
  struct Impl;
  Impl& impl() const;
};

}  // namespace sentence_transformers
#pragma GCC visibility pop
