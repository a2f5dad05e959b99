// BertNormalizer: cleans text, spaces out Chinese, strips accents, lowercases.
#include "tokenizers/bert_text.h"
#include "tokenizers/normalizers/makers.h"

namespace sentence_transformers {
namespace {

class Bert : public Normalizer {
 public:
  explicit Bert(const BertTextOptions& options) : options_(options) {}
  void normalize(NormalizedText& text) const override {
    std::string normalized;
    BertNormalizer(options_, [&](char32_t c) {
      append_utf8(normalized, c);
    }).normalize(text.view());
    text.replace(std::move(normalized));
  }

 private:
  BertTextOptions options_;
};

}  // namespace

BertTextOptions read_bert_text_options(const Config& normalizer) {
  return {.clean_text = normalizer.get<bool>("clean_text", true),
          .handle_chinese_chars = normalizer.get<bool>("handle_chinese_chars", true),
          .lowercase = normalizer.get<bool>("lowercase", true),
          .strip_accents = normalizer.find<bool>("strip_accents")};
}

std::unique_ptr<Normalizer> make_bert_normalizer(const Config& config) {
  return std::make_unique<Bert>(read_bert_text_options(config));
}

}  // namespace sentence_transformers
