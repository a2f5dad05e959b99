// Digits, Punctuation: pre-tokenizers that split at kinds of characters.
#include "tokenizers/pre_tokenizers/makers.h"
#include "tokenizers/pre_tokenizers/split_behavior.h"
#include "tokenizers/unicode.h"

namespace sentence_transformers {
namespace {

class SplitAt : public PreTokenizer {
 public:
  SplitAt(CharacterRun::Predicate wanted, SplitBehavior behavior)
      : character_(wanted, 1, 1), behavior_(behavior) {}
  void split(Stretch stretch, StretchSink sink) const override {
    split_by(character_, behavior_, false, stretch, sink);
  }

 private:
  CharacterRun character_;
  SplitBehavior behavior_;
};

bool is_numeric(char32_t c) { return unicode::kinds(c) & unicode::kNumeric; }
bool is_punctuation(char32_t c) { return unicode::flags(c) & unicode::kPunctuation; }

}  // namespace

std::unique_ptr<PreTokenizer> make_digits(const Config& config) {
  const bool each = config.get<bool>("individual_digits", false);
  return std::make_unique<SplitAt>(is_numeric,
                                   each ? SplitBehavior::isolated : SplitBehavior::contiguous);
}

std::unique_ptr<PreTokenizer> make_punctuation(const Config& config) {
  return std::make_unique<SplitAt>(is_punctuation,
                                   read_split_behavior(config, SplitBehavior::isolated));
}

}  // namespace sentence_transformers
