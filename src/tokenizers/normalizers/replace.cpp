// Replace: a text for every match of a pattern.
#include "core/utf8.h"
#include "tokenizers/normalizers/makers.h"
#include "tokenizers/pattern.h"

namespace sentence_transformers {
namespace {

class Replace : public Normalizer {
 public:
  Replace(std::unique_ptr<Pattern> pattern, std::string content)
      : pattern_(std::move(pattern)), content_(std::move(content)) {}
  void normalize(NormalizedText& text) const override {
    const auto first = pattern_->find(text.view(), 0);
    if (!first) return;
    // Hugging Face counts the replacement as its match's last character.
    const size_t characters =
        utf8_length(text.view().substr(first->begin, first->end - first->begin));
    if (first->begin == 0 && (content_.empty() || characters > 1)) text.lose_start();
    text.replace(pattern_->replace(text.view(), content_));
  }

 private:
  std::unique_ptr<Pattern> pattern_;
  std::string content_;
};

}  // namespace

std::unique_ptr<Normalizer> make_replace(const Config& config) {
  return std::make_unique<Replace>(make_pattern(config), config.require<std::string>("content"));
}

}  // namespace sentence_transformers
