// Metaspace: sentencepiece's visible space instead of ' ', in front of each word.
#include "tokenizers/metaspace_options.h"
#include "tokenizers/pre_tokenizers/makers.h"
#include "tokenizers/pre_tokenizers/split_behavior.h"

namespace sentence_transformers {
namespace {

class Metaspace : public PreTokenizer {
 public:
  explicit Metaspace(const MetaspaceOptions& options)
      : options_(options), pattern_(make_literal(options.replacement)) {}

  void split(Stretch stretch, StretchSink sink) const override {
    std::string text;
    for (const char c : stretch.text) {
      if (c == ' ') {
        text += options_.replacement;
      } else {
        text += c;
      }
    }
    const bool wanted = options_.prepend == PrependScheme::always ||
                        (options_.prepend == PrependScheme::first && stretch.at_start);
    if (wanted && !text.starts_with(options_.replacement)) text.insert(0, options_.replacement);
    const Stretch replaced{text, stretch.at_start};
    if (!options_.split) return sink(replaced);
    split_by(*pattern_, SplitBehavior::merged_with_next, false, replaced, sink);
  }

 private:
  MetaspaceOptions options_;
  std::unique_ptr<Pattern> pattern_;
};

}  // namespace

std::unique_ptr<PreTokenizer> make_metaspace(const Config& config) {
  return std::make_unique<Metaspace>(read_metaspace_options(config));
}

}  // namespace sentence_transformers
