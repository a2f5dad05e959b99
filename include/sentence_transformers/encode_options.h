// How a model is loaded, how it encodes, and what it reports.
#pragma once

#include <c10/core/ScalarType.h>
#include <sentence_transformers/quantization.h>

#include <cstdint>
#include <optional>
#include <string>

#pragma GCC visibility push(default)
namespace sentence_transformers {

/// How a SentenceTransformer is loaded.
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
  std::optional<std::string> revision = std::nullopt;  ///< as in HubOptions
  std::optional<std::string> token = std::nullopt;     ///< as in HubOptions
  bool local_files_only = false;                       ///< as in HubOptions
  bool show_progress_bar = false;                      ///< as in HubOptions
};

/// What one encode call did.
struct EncodeReport {
  int64_t texts = 0;      ///< that the call was given
  int64_t tokens = 0;     ///< of all texts, as the model sees them
  int64_t truncated = 0;  ///< texts longer than max_seq_length, whose end the model did not see
};

/// How SentenceTransformer::encode makes embeddings.
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
  /// By which a Router in the model chooses its route, such as "query" or "document", which
  /// encode_query and encode_document set; models without a Router ignore it.
  std::optional<std::string> task = std::nullopt;
};

}  // namespace sentence_transformers
#pragma GCC visibility pop
