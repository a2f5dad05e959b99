// Split: at a string or a regular expression; CharDelimiterSplit: at a character, which goes away.
#include "tokenizers/pre_tokenizers/makers.h"
#include "tokenizers/pre_tokenizers/split_behavior.h"

namespace sentence_transformers {
namespace {

class Split : public PreTokenizer {
 public:
  Split(std::unique_ptr<Pattern> pattern, SplitBehavior behavior, bool invert)
      : pattern_(std::move(pattern)), behavior_(behavior), invert_(invert) {}
  void split(Stretch stretch, StretchSink sink) const override {
    split_by(*pattern_, behavior_, invert_, stretch, sink);
  }

 private:
  std::unique_ptr<Pattern> pattern_;
  SplitBehavior behavior_;
  bool invert_;
};

}  // namespace

std::unique_ptr<PreTokenizer> make_split(const Config& config) {
  return std::make_unique<Split>(make_pattern(config),
                                 read_split_behavior(config, SplitBehavior::isolated),
                                 config.get<bool>("invert", false));
}

std::unique_ptr<PreTokenizer> make_delimiter_split(const Config& config) {
  return std::make_unique<Split>(make_literal(config.require<std::string>("delimiter")),
                                 SplitBehavior::removed, false);
}

}  // namespace sentence_transformers
