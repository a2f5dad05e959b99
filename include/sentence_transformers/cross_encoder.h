// Two texts in one sequence, one score out: Python's CrossEncoder for C++.
#pragma once

#include <ATen/core/Tensor.h>
#include <sentence_transformers/base_model.h>
#include <sentence_transformers/encode_options.h>

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

#pragma GCC visibility push(default)
namespace sentence_transformers {

/// What turns logits into scores.
enum class ScoreActivation { identity, sigmoid };

/// How a CrossEncoder is loaded.
struct CrossEncoderOptions {
  std::string device = "";                                 ///< as in LoadOptions
  at::ScalarType dtype = at::kFloat;                       ///< as in LoadOptions
  Quantization quantization = Quantization::none;          ///< as in LoadOptions
  std::optional<std::string> cache_folder = std::nullopt;  ///< as in LoadOptions
  /// How many labels the head has. For a checkpoint with a head it must be the head's; one without
  /// a head gets a new one of this size, drawn from LibTorch's default generator, to be trained.
  std::optional<int64_t> num_labels = std::nullopt;
  /// The longest pair the model sees, in tokens, special ones included; else the folder's setting,
  /// else what tokenizer and positions allow.
  std::optional<int64_t> max_length = std::nullopt;
  /// Else config_sentence_transformers.json's `activation_fn`, else config.json's, else sigmoid for
  /// one label and identity for more.
  std::optional<ScoreActivation> activation = std::nullopt;
  std::optional<std::string> revision = std::nullopt;  ///< as in HubOptions
  std::optional<std::string> token = std::nullopt;     ///< as in HubOptions
  bool local_files_only = false;                       ///< as in HubOptions
  bool show_progress_bar = false;                      ///< as in HubOptions
};

/// How CrossEncoder::predict scores pairs.
struct PredictOptions {
  /// One of the model's prompts(), put in front of every first text.
  std::optional<std::string> prompt_name = std::nullopt;
  /// Put in front of every first text; wins over prompt_name.
  std::optional<std::string> prompt = std::nullopt;
  int64_t batch_size = 32;                                   ///< pairs a forward pass at most
  bool show_progress_bar = false;                            ///< on stderr
  std::optional<ScoreActivation> activation = std::nullopt;  ///< else the model's activation()
  bool apply_softmax = false;      ///< over the labels, after the activation
  EncodeReport* report = nullptr;  ///< filled in when the call returns; a pair is one text
};

/// How CrossEncoder::rank orders documents.
struct RankOptions {
  std::optional<int64_t> top_k = std::nullopt;  ///< documents to return at most; none: all
  bool return_documents = false;                ///< fill in RankResult::text
  PredictOptions predict = {};                  ///< how the pairs are scored
};

/// A document's place in a ranking.
struct RankResult {
  int64_t corpus_id = 0;  ///< its place in `documents`
  float score = 0;        ///< predict's; larger is better
  std::string text = {};  ///< the document, where RankOptions::return_documents asks for it
};

/// Two texts that are judged together, such as a query and a passage.
using TextPair = std::pair<std::string, std::string>;
/// The same of texts that live elsewhere.
using TextPairView = std::pair<std::string_view, std::string_view>;

/// A model that reads two texts at once and judges the pair.
///
/// Loads a sequence-classification checkpoint as it is. const members may be called from several
/// threads at once; loading, moving, training and set_max_length may not overlap with them.
class CrossEncoder : public BaseModel {
 public:
  /// As SentenceTransformer's. Also throws UnsupportedError for a checkpoint without a head if
  /// options.num_labels does not ask for a new one, and for an activation function that is not
  /// here; std::invalid_argument if num_labels is not the head's.
  explicit CrossEncoder(const std::string& model_name_or_path,
                        const CrossEncoderOptions& options = {});
  /// What was moved from can only be assigned to or destroyed.
  CrossEncoder(CrossEncoder&&) noexcept;
  /// What was moved from can only be assigned to or destroyed.
  CrossEncoder& operator=(CrossEncoder&&) noexcept;
  ~CrossEncoder();

  /// N pairs -> [N] for one label, [N, labels] for more; float32 on the CPU, in the order given.
  /// While a pair is too long, its longer side loses its last token. Throws std::invalid_argument
  /// for a batch_size below 1 or an unknown prompt name.
  at::Tensor predict(const std::vector<TextPair>& pairs, const PredictOptions& options = {}) const;
  /// The same for a braced list: predict({{"a query", "a passage"}, {"a query", "another"}}).
  at::Tensor predict(std::initializer_list<TextPairView> pairs,
                     const PredictOptions& options = {}) const;
  /// One pair -> a scalar, or [labels].
  at::Tensor predict(const TextPair& pair, const PredictOptions& options = {}) const;
  /// The same for two literals: predict({"a query", "a passage"}).
  at::Tensor predict(const char* const (&pair)[2], const PredictOptions& options = {}) const;

  /// Documents by falling score; equal ones are scored once and keep their order. Throws
  /// std::invalid_argument for a model of several labels, or a top_k below 1.
  std::vector<RankResult> rank(std::string_view query, const std::vector<std::string>& documents,
                               const RankOptions& options = {}) const;

  /// Scores of a pair: 1, or one a class.
  int64_t num_labels() const;
  /// What scores go through where PredictOptions name nothing else.
  ScoreActivation activation() const;
  /// The longest pair the model sees, in tokens, special ones included.
  int64_t max_length() const;
  /// Throws std::invalid_argument outside what the tokenizer and the model's positions allow.
  void set_max_length(int64_t length);
  /// Writes the model as a folder that this library and Python open; see
  /// SentenceTransformer::save_pretrained.
  void save_pretrained(const std::filesystem::path& folder) const;

  // For training, beside BaseModel's members.

  /// Logits [N, labels] on device(), before any activation, through autograd, in one packed pass.
  at::Tensor forward(const std::vector<TextPairView>& pairs) const;

 private:
  struct Impl;
  Impl& impl() const;
};

}  // namespace sentence_transformers
#pragma GCC visibility pop
