// The first stage: a text to the text that is tokenized.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/config.h"
#include "tokenizers/stretch.h"

namespace sentence_transformers {

/// A text on its way through the normalizers: a view of what came in until one of them changes it.
class NormalizedText {
 public:
  explicit NormalizedText(Stretch stretch) : view_(stretch.text), at_start_(stretch.at_start) {}
  NormalizedText(const NormalizedText&) = delete;
  NormalizedText& operator=(const NormalizedText&) = delete;

  std::string_view view() const { return view_; }
  Stretch stretch() const { return {view_, at_start_}; }
  void replace(std::string text) {
    text_ = std::move(text);
    view_ = text_;
  }
  /// It no longer begins with what the text began with.
  void lose_start() { at_start_ = false; }
  void cut_start(size_t bytes) {
    view_.remove_prefix(bytes);
    if (bytes > 0) lose_start();
  }
  void cut_end(size_t bytes) { view_.remove_suffix(bytes); }

 private:
  std::string_view view_;
  bool at_start_;
  std::string text_;
};

/// Immutable. Texts are valid UTF-8.
class Normalizer {
 public:
  virtual ~Normalizer() = default;
  virtual void normalize(NormalizedText& text) const = 0;
};

/// The normalizer that tokenizer.json describes. Throws UnsupportedError for an unknown type.
std::unique_ptr<Normalizer> make_normalizer(const Config& config);

}  // namespace sentence_transformers
