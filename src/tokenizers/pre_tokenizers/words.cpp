// Whitespace, WhitespaceSplit and BertPreTokenizer: words without the white space between them.
#include "core/utf8.h"
#include "tokenizers/pre_tokenizers/makers.h"
#include "tokenizers/unicode.h"

namespace sentence_transformers {
namespace {

/// Runs of one kind of characters. Kind(char32_t) gives a number: 0 for what is dropped, and below
/// 0 for what stands alone.
template <int (*Kind)(char32_t)>
class Words : public PreTokenizer {
 public:
  void split(Stretch stretch, StretchSink sink) const override {
    size_t begin = 0;
    int kind = 0;
    for (size_t i = 0; i < stretch.text.size();) {
      const size_t here = i;
      const int next = Kind(decode_utf8(stretch.text, i));
      if (next == kind && next >= 0) continue;
      if (kind != 0) sink(stretch.part(begin, here));
      begin = here;
      kind = next;
    }
    if (kind != 0) sink(stretch.part(begin, stretch.text.size()));
  }
};

/// Of `\w+|[^\w\s]+`.
int word_kind(char32_t c) {
  const uint8_t kinds = unicode::kinds(c);
  if (kinds & unicode::kSpace) return 0;
  return kinds & unicode::kWord ? 1 : 2;
}

int kind_between_spaces(char32_t c) { return unicode::kinds(c) & unicode::kSpace ? 0 : 1; }

int bert_kind(char32_t c) {
  if (unicode::kinds(c) & unicode::kSpace) return 0;
  return unicode::flags(c) & unicode::kPunctuation ? -1 : 1;
}

}  // namespace

std::unique_ptr<PreTokenizer> make_whitespace(const Config&) {
  return std::make_unique<Words<word_kind>>();
}

std::unique_ptr<PreTokenizer> make_whitespace_split(const Config&) {
  return std::make_unique<Words<kind_between_spaces>>();
}

std::unique_ptr<PreTokenizer> make_bert_pre_tokenizer(const Config&) {
  return std::make_unique<Words<bert_kind>>();
}

}  // namespace sentence_transformers
