// Replace and Strip: decoders that change each token's text.
#include <sentence_transformers/error.h>

#include "core/utf8.h"
#include "tokenizers/decoders/makers.h"
#include "tokenizers/pattern.h"

namespace sentence_transformers {
namespace {

class Replace : public Decoder {
 public:
  Replace(std::unique_ptr<Pattern> pattern, std::string content)
      : pattern_(std::move(pattern)), content_(std::move(content)) {}
  void decode(std::vector<std::string>& tokens) const override {
    for (std::string& token : tokens) token = pattern_->replace(token, content_);
  }

 private:
  std::unique_ptr<Pattern> pattern_;
  std::string content_;
};

/// Removes a character from the ends of each token, up to so many times.
class Strip : public Decoder {
 public:
  Strip(std::string content, int64_t start, int64_t stop)
      : content_(std::move(content)), start_(start), stop_(stop) {}

  void decode(std::vector<std::string>& tokens) const override {
    for (std::string& token : tokens) {
      std::string_view rest = token;
      for (int64_t i = 0; i < start_ && rest.starts_with(content_); ++i) {
        rest.remove_prefix(content_.size());
      }
      for (int64_t i = 0; i < stop_ && rest.ends_with(content_); ++i) {
        rest.remove_suffix(content_.size());
      }
      token = std::string(rest);
    }
  }

 private:
  std::string content_;
  int64_t start_, stop_;
};

}  // namespace

std::unique_ptr<Decoder> make_replace_decoder(const Config& config) {
  return std::make_unique<Replace>(make_pattern(config), config.require<std::string>("content"));
}

std::unique_ptr<Decoder> make_strip_decoder(const Config& config) {
  auto content = config.require<std::string>("content");
  if (utf8_length(content) != 1) {
    throw LoadError("[Tokenizer] " + config.name("content") + " is \"" + content +
                    "\"; expected one character");
  }
  return std::make_unique<Strip>(std::move(content), config.require_at_least("start", 0),
                                 config.require_at_least("stop", 0));
}

}  // namespace sentence_transformers
