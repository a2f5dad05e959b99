// Metaspace: sentencepiece's visible space instead of ' ', in front of each word.
#include <algorithm>

#include "tokenizers/metaspace_options.h"
#include "tokenizers/pre_tokenizers/makers.h"

namespace sentence_transformers {
namespace {

class Metaspace : public PreTokenizer {
 public:
  explicit Metaspace(MetaspaceOptions options) : options_(std::move(options)) {}

  void split(Stretch stretch, StretchSink sink) const override {
    const std::string& space = options_.replacement;
    std::string text;
    text.reserve(space.size() + stretch.text.size());
    const bool wanted = options_.prepend == PrependScheme::always ||
                        (options_.prepend == PrependScheme::first && stretch.at_start);
    const bool has_one = stretch.text.starts_with(' ') || stretch.text.starts_with(space);
    if (wanted && !has_one) text = space;
    for (size_t i = 0; i < stretch.text.size();) {
      const size_t end = std::min(stretch.text.find(' ', i), stretch.text.size());
      text += stretch.text.substr(i, end - i);
      if (end < stretch.text.size()) text += space;
      i = end + 1;
    }
    const Stretch replaced{text, stretch.at_start};
    if (!options_.split) return sink(replaced);
    // Each visible space begins a piece.
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = std::min(text.find(space, begin + 1), text.size());
      sink(replaced.part(begin, end));
      begin = end;
    }
  }

 private:
  MetaspaceOptions options_;
};

}  // namespace

std::unique_ptr<PreTokenizer> make_metaspace(const Config& config) {
  return std::make_unique<Metaspace>(read_metaspace_options(config));
}

}  // namespace sentence_transformers
