// WordPiece, Metaspace, BPEDecoder: decoders that find out where words begin.
#include <span>

#include "tokenizers/decoders/makers.h"
#include "tokenizers/metaspace_options.h"
#include "tokenizers/pattern.h"

namespace sentence_transformers {
namespace {

using Replacements = std::span<const std::pair<std::string_view, std::string_view>>;

void replace_all(std::string& text, Replacements replacements) {
  for (const auto& [from, to] : replacements) {
    if (text.find(from) == text.npos) continue;
    text = make_literal(std::string(from))->replace(text, to);
  }
}

/// Glues "##ing" to what stands before it, and tidies the spaces before English punctuation, token
/// by token.
class WordPiece : public Decoder {
 public:
  WordPiece(std::string prefix, bool cleanup) : prefix_(std::move(prefix)), cleanup_(cleanup) {}

  void decode(std::vector<std::string>& tokens) const override {
    for (size_t i = 0; i < tokens.size(); ++i) {
      if (i > 0 && tokens[i].starts_with(prefix_)) {
        tokens[i].erase(0, prefix_.size());
      } else if (i > 0) {
        tokens[i].insert(0, 1, ' ');
      }
      if (cleanup_) tidy(tokens[i]);
    }
  }

 private:
  static void tidy(std::string& piece) {
    static constexpr std::pair<std::string_view, std::string_view> kReplacements[] = {
        {" .", "."},   {" ?", "?"},     {" !", "!"},    {" ,", ","},
        {" ' ", "'"},  {" n't", "n't"}, {" 'm", "'m"},  {" do not", " don't"},
        {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
    replace_all(piece, kReplacements);
  }

  std::string prefix_;
  bool cleanup_;
};

class Metaspace : public Decoder {
 public:
  explicit Metaspace(const MetaspaceOptions& options)
      : prepended_(options.prepend != PrependScheme::never),
        pattern_(make_literal(options.replacement)) {}

  void decode(std::vector<std::string>& tokens) const override {
    for (size_t i = 0; i < tokens.size(); ++i) {
      tokens[i] = pattern_->replace(tokens[i], i == 0 && prepended_ ? "" : " ");
    }
  }

 private:
  bool prepended_;
  std::unique_ptr<Pattern> pattern_;
};

/// The suffix of a word's last token is the space behind it.
class Bpe : public Decoder {
 public:
  explicit Bpe(std::string suffix) : suffix_(make_literal(std::move(suffix))) {}

  void decode(std::vector<std::string>& tokens) const override {
    for (size_t i = 0; i < tokens.size(); ++i) {
      tokens[i] = suffix_->replace(tokens[i], i + 1 == tokens.size() ? "" : " ");
    }
  }

 private:
  std::unique_ptr<Pattern> suffix_;
};

}  // namespace

std::string without_extra_spaces(std::string text) {
  static constexpr std::pair<std::string_view, std::string_view> kReplacements[] = {
      {" .", "."},     {" ?", "?"},   {" !", "!"},   {" ,", ","},     {" ' ", "'"},
      {" n't", "n't"}, {" 'm", "'m"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
  replace_all(text, kReplacements);
  return text;
}

std::unique_ptr<Decoder> make_wordpiece_decoder(const Config& config) {
  return std::make_unique<WordPiece>(config.get<std::string>("prefix", "##"),
                                     config.get<bool>("cleanup", true));
}

std::unique_ptr<Decoder> make_metaspace_decoder(const Config& config) {
  return std::make_unique<Metaspace>(read_metaspace_options(config));
}

std::unique_ptr<Decoder> make_bpe_decoder(const Config& config) {
  return std::make_unique<Bpe>(config.get<std::string>("suffix", "</w>"));
}

}  // namespace sentence_transformers
