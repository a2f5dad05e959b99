#include "tokenizers/bert_pipeline.h"

#include "tokenizers/bert_text.h"
#include "tokenizers/models/wordpiece.h"

namespace sentence_transformers {
namespace {

class BertPipeline : public Pipeline {
 public:
  BertPipeline(const BertTextOptions& text, const ModelParts& parts) : text_(text), model_(parts) {}

 private:
  /// What to do with each word of one text.
  auto piecewise(std::vector<int64_t>& ids) const {
    return [this, &ids, hashes = std::vector<uint64_t>()](std::string_view word,
                                                          size_t characters) mutable {
      model_.tokenize(word, characters, hashes, ids);
    };
  }

 public:
  void encode(Stretch text, std::vector<int64_t>& ids) const override {
    BertWords words(piecewise(ids));
    BertNormalizer(text_, [&](char32_t c) { words.put(c); }).normalize(text.text);
    words.finish();
  }

  void normalize(Stretch text, StretchSink sink) const override {
    std::string normalized;
    BertNormalizer(text_, [&](char32_t c) { append_utf8(normalized, c); }).normalize(text.text);
    sink({normalized, text.at_start});
  }

  void encode_normalized(Stretch text, std::vector<int64_t>& ids) const override {
    BertWords words(piecewise(ids));
    for (size_t i = 0; i < text.text.size();) words.put(decode_utf8(text.text, i));
    words.finish();
  }

 private:
  BertTextOptions text_;
  WordPiece model_;
};

}  // namespace

std::unique_ptr<Pipeline> make_bert_pipeline(const Config& normalizer, const ModelParts& parts) {
  return std::make_unique<BertPipeline>(read_bert_text_options(normalizer), parts);
}

}  // namespace sentence_transformers
