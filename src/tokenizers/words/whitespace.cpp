// WhitespaceTokenizer: words are what stands between white space.
#include "core/config_lists.h"
#include "tokenizers/words/makers.h"

namespace sentence_transformers {
namespace {

constexpr const char* kWhitespaceFile = "whitespacetokenizer_config.json";

class WhitespaceTokenizer : public WordTokenizer {
 public:
  explicit WhitespaceTokenizer(const Config& config)
      : config_(config),
        words_(require_strings(config, "vocab"), require_strings(config, "stop_words")),
        do_lower_case_(config.get<bool>("do_lower_case", false)) {}

  std::vector<int64_t> ids(std::string_view text) const override {
    return whitespace_ids(text, words_, do_lower_case_);
  }
  int64_t vocab_size() const override { return static_cast<int64_t>(words_.words().size()); }
  std::string type() const override { return "WhitespaceTokenizer"; }
  void save(const std::filesystem::path& folder) const override {
    write_json(folder / kWhitespaceFile, config_.json());
  }

 private:
  Config config_;
  WordList words_;
  bool do_lower_case_;
};

}  // namespace

std::unique_ptr<WordTokenizer> make_whitespace_tokenizer(const std::filesystem::path& folder) {
  return std::make_unique<WhitespaceTokenizer>(Config::read(folder / kWhitespaceFile));
}

}  // namespace sentence_transformers
