// ByteLevel: GPT-2's words, every byte of them as its visible character.
#include "tokenizers/byte_characters.h"
#include "tokenizers/pre_tokenizers/makers.h"
#include "tokenizers/word_pattern.h"

namespace sentence_transformers {
namespace {

class ByteLevel : public PreTokenizer {
 public:
  ByteLevel(bool add_prefix_space, bool use_regex)
      : add_prefix_space_(add_prefix_space), use_regex_(use_regex) {}

  void split(Stretch stretch, StretchSink sink) const override {
    if (!add_prefix_space_ || stretch.text.starts_with(' ')) return words(stretch, sink);
    const std::string prefixed = ' ' + std::string(stretch.text);
    words({prefixed, stretch.at_start}, sink);
  }

  bool ends_in_bytes() const override { return true; }
  void leave_bytes() override { leaves_bytes_ = true; }

 private:
  void words(Stretch stretch, StretchSink sink) const {
    std::string mapped;
    const auto put = [&](Stretch word) {
      if (leaves_bytes_) return sink(word);
      mapped.clear();
      append_byte_characters(word.text, mapped);
      sink({mapped, word.at_start});
    };
    if (!use_regex_) return put(stretch);
    const WordPattern pattern(kGpt2Pattern);
    for (size_t begin = 0; begin < stretch.text.size();) {
      const size_t end = pattern.end_of_match(stretch.text, begin);
      put(stretch.part(begin, end));
      begin = end;
    }
  }

  bool add_prefix_space_, use_regex_;
  bool leaves_bytes_ = false;
};

}  // namespace

std::unique_ptr<PreTokenizer> make_byte_level_pre_tokenizer(const Config& config) {
  return std::make_unique<ByteLevel>(config.get<bool>("add_prefix_space", true),
                                     config.get<bool>("use_regex", true));
}

}  // namespace sentence_transformers
