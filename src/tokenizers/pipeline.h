// Normalizer, pre-tokenizer and model as one: a text without added tokens to ids.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/config.h"
#include "tokenizers/models/model.h"
#include "tokenizers/stretch.h"

namespace sentence_transformers {

/// Immutable, as far as its callers can see. Invalid UTF-8 counts as U+FFFD.
class Pipeline {
 public:
  virtual ~Pipeline() = default;
  /// Appends the ids of a text.
  virtual void encode(Stretch text, std::vector<int64_t>& ids) const = 0;
  /// The two halves of encode, for texts in which added tokens are looked for between them: `sink`
  /// gets the normalized text.
  virtual void normalize(Stretch text, StretchSink sink) const = 0;
  virtual void encode_normalized(Stretch text, std::vector<int64_t>& ids) const = 0;
};

/// The stages as tokenizer.json describes them; what is missing leaves the text as it is.
struct PipelineConfig {
  std::optional<Config> normalizer, pre_tokenizer;
};

/// BERT's three stages become one pass over the text. Throws LoadError and UnsupportedError as the
/// stages' makers do.
std::unique_ptr<Pipeline> make_pipeline(const PipelineConfig& config, ModelParts parts);

/// The same stages behind lowercasing, unless the normalizer lowercases by itself.
PipelineConfig with_lowercase(PipelineConfig config);

}  // namespace sentence_transformers
