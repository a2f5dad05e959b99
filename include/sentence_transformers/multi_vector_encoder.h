// Texts in, a vector for each token out: Python's MultiVectorEncoder for C++.
#pragma once

#include <ATen/core/Tensor.h>
#include <sentence_transformers/base_model.h>
#include <sentence_transformers/encode_options.h>
#include <sentence_transformers/maxsim.h>
#include <sentence_transformers/retrieval.h>
#include <sentence_transformers/token_pooling.h>

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#pragma GCC visibility push(default)
namespace sentence_transformers {

/// How MultiVectorEncoder::encode makes embeddings.
struct MultiVectorEncodeOptions {
  /// One of the model's prompts(), put in front of every text.
  std::optional<std::string> prompt_name = std::nullopt;
  /// Put in front of every text; wins over prompt_name.
  std::optional<std::string> prompt = std::nullopt;
  /// Texts a forward pass at most; memory is bounded by a token budget as well.
  int64_t batch_size = 32;
  /// On stderr.
  bool show_progress_bar = false;
  /// Each token's embedding to length 1, before token_pooling.
  bool normalize_embeddings = false;
  /// Fewer vectors a text, for the tasks that it names; on top of a pooling that the model has.
  std::optional<HierarchicalTokenPooling> token_pooling = std::nullopt;
  /// Filled in when the call returns.
  EncodeReport* report = nullptr;
  /// What the texts are, such as "query" or "document", which encode_query and encode_document set:
  /// it decides on lengths, on the expansion of queries, and on which tokens count.
  std::optional<std::string> task = std::nullopt;
};

/// A model that turns a text into a vector for each of its tokens, such as ColBERT; texts are
/// compared by util::maxsim. What SentenceTransformer says of threads, files and forks holds here
/// too.
class MultiVectorEncoder : public BaseModel {
 public:
  /// As SentenceTransformer's, of folders that Python's MultiVectorEncoder, PyLate or Stanford's
  /// ColBERT saved, or of a SentenceTransformer with a Dense, which then projects tokens. Names are
  /// taken as they are: none stands for an organization. Throws as SentenceTransformer, and
  /// UnsupportedError for models without a projection of tokens, to which Python would add one with
  /// random weights (see with_new_projection); std::invalid_argument for options.truncate_dim.
  explicit MultiVectorEncoder(const std::string& model_name_or_path,
                              const LoadOptions& options = {});
  /// A model to train: where the folder has no projection of tokens it gets a new one to
  /// `dimension`, drawn from LibTorch's default generator as Python's is. Throws as the
  /// constructor, and std::invalid_argument for a dimension below 1.
  static MultiVectorEncoder with_new_projection(const std::string& model_name_or_path,
                                                int64_t dimension = 128,
                                                const LoadOptions& options = {});
  /// What was moved from can only be assigned to or destroyed.
  MultiVectorEncoder(MultiVectorEncoder&&) noexcept;
  /// What was moved from can only be assigned to or destroyed.
  MultiVectorEncoder& operator=(MultiVectorEncoder&&) noexcept;
  ~MultiVectorEncoder();

  /// One text -> [T, D]. Throws as encode of N texts.
  at::Tensor encode(std::string_view sentence, const MultiVectorEncodeOptions& options = {}) const;
  /// N texts -> N tensors [T_i, D], float32 on the CPU, in the order given; T_i counts the tokens
  /// that are compared. Throws std::invalid_argument for a batch_size below 1, an unknown prompt
  /// name, a token_pooling that cannot be, or a task for which the model's Router has no route.
  std::vector<at::Tensor> encode(const std::vector<std::string>& sentences,
                                 const MultiVectorEncodeOptions& options = {}) const;
  /// The same for a braced list: encode({"one text", "another"}).
  std::vector<at::Tensor> encode(std::initializer_list<std::string_view> sentences,
                                 const MultiVectorEncodeOptions& options = {}) const;
  /// The same for texts that live elsewhere: nothing of them is copied.
  std::vector<at::Tensor> encode(std::span<const std::string_view> sentences,
                                 const MultiVectorEncodeOptions& options = {}) const;

  /// encode with the prompt named "query" and the task "query", unless options name others.
  at::Tensor encode_query(std::string_view sentence,
                          const MultiVectorEncodeOptions& options = {}) const;
  /// The same for N texts.
  std::vector<at::Tensor> encode_query(const std::vector<std::string>& sentences,
                                       const MultiVectorEncodeOptions& options = {}) const;

  /// encode with the first of the prompts "document", "passage", "corpus" that the model has, and
  /// the task "document", unless options name others.
  at::Tensor encode_document(std::string_view sentence,
                             const MultiVectorEncodeOptions& options = {}) const;
  /// The same for N texts.
  std::vector<at::Tensor> encode_document(const std::vector<std::string>& sentences,
                                          const MultiVectorEncodeOptions& options = {}) const;

  /// N queries and M documents, as encode_query and encode_document give them -> [N, M], by
  /// similarity_fn(). Throws as util::maxsim.
  at::Tensor similarity(const std::vector<at::Tensor>& queries,
                        const std::vector<at::Tensor>& documents) const;
  /// Query i and document i -> [N]. Throws as util::maxsim_pairwise.
  at::Tensor similarity_pairwise(const std::vector<at::Tensor>& queries,
                                 const std::vector<at::Tensor>& documents) const;
  /// Documents by falling similarity to a query, at most top_k of them; equal ones keep their
  /// order. Throws std::invalid_argument for a top_k below 1, and as encode and similarity.
  std::vector<util::Hit> rank(std::string_view query, const std::vector<std::string>& documents,
                              std::optional<int64_t> top_k = std::nullopt,
                              const MultiVectorEncodeOptions& options = {}) const;

  /// The longest text of no task that the model sees, as SentenceTransformer's.
  int64_t max_seq_length() const;
  /// As SentenceTransformer's.
  void set_max_seq_length(int64_t length);
  /// D.
  int64_t get_embedding_dimension() const;
  /// The one that the model's folder names, else maxsim.
  MultiVectorSimilarity similarity_fn() const;
  /// Of similarity() and of what is saved.
  void set_similarity_fn(MultiVectorSimilarity function);
  /// Writes the model as a folder that this library and Python open, as SentenceTransformer's.
  void save_pretrained(const std::filesystem::path& folder) const;

  /// For training: N tensors [T_i, D] on device(), float32, through autograd, in one packed pass.
  /// Arguments and errors as SentenceTransformer's.
  std::vector<at::Tensor> forward(const std::vector<std::string_view>& sentences,
                                  const std::string& prompt = "",
                                  const std::string& task = "") const;

 private:
  struct Impl;
  explicit MultiVectorEncoder(std::unique_ptr<Impl> impl);
  Impl& impl() const;
};

}  // namespace sentence_transformers
#pragma GCC visibility pop
