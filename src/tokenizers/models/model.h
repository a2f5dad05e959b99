// The third stage: a piece of text to token ids.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/config.h"

namespace sentence_transformers {

/// Token -> id, as a checkpoint lists them. Of a repeated token the last one counts.
using Vocabulary = std::vector<std::pair<std::string, int64_t>>;

/// Ids by token; the views are into the vocabulary that it was made of.
using TokenIndex = std::unordered_map<std::string_view, int64_t>;
TokenIndex index_tokens(const Vocabulary& vocabulary);

/// Which two tokens become one, the most wanted pair first.
using Merges = std::vector<std::pair<std::string, std::string>>;

/// What a model is made of, wherever it was read from.
struct ModelParts {
  Config config;  // the model's object in tokenizer.json, or one of the same form
  const Vocabulary& vocabulary;
  const TokenIndex& index;
  const Merges& merges;
  bool byte_level;                      // the pre-tokenizer would map bytes to visible characters
  std::span<const double> scores = {};  // Unigram's, one for each token of the vocabulary
};

/// Immutable, as far as its callers can see.
class Model {
 public:
  virtual ~Model() = default;

  /// Appends the ids of a piece, which is not empty.
  virtual void tokenize(std::string_view piece, std::vector<int64_t>& ids) const = 0;

  /// Does it want the bytes themselves where the pre-tokenizer would map them?
  virtual bool takes_bytes() const { return false; }
};

/// The model that `parts.config` describes. Throws UnsupportedError for an unknown type, LoadError
/// for a vocabulary that lacks what the model needs.
std::unique_ptr<Model> make_model(const ModelParts& parts);

/// Its type; where an old file has none, by its other fields as Hugging Face does.
std::string model_type(const Config& model);

/// The id of a token; throws LoadError naming its role if the vocabulary lacks it.
int64_t require_token(const ModelParts& parts, const std::string& token, const char* role);

}  // namespace sentence_transformers
