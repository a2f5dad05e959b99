// The second stage: a normalized text to the pieces that the model tokenizes one by one.
#pragma once

#include <memory>

#include "core/config.h"
#include "tokenizers/stretch.h"

namespace sentence_transformers {

/// Immutable. Texts are valid UTF-8.
class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;

  /// Calls `sink` with the pieces in order; they live as long as the call.
  virtual void split(Stretch stretch, StretchSink sink) const = 0;

  /// Does its last stage turn bytes into their visible characters? Then leave_bytes() has it not do
  /// so; it is called before others see the object.
  virtual bool ends_in_bytes() const { return false; }
  virtual void leave_bytes() {}
};

/// The pre-tokenizer that tokenizer.json describes. Throws UnsupportedError for an unknown type.
std::unique_ptr<PreTokenizer> make_pre_tokenizer(const Config& config);

}  // namespace sentence_transformers
