// PhraseTokenizer: NLTK's words, of which those side by side that the vocabulary has as one phrase
// ("New_York") become one.
#include <map>

#include "core/config_lists.h"
#include "tokenizers/words/makers.h"
#include "tokenizers/words/python_text.h"
#include "tokenizers/words/treebank.h"

namespace sentence_transformers {
namespace {

constexpr const char* kPhraseFile = "phrasetokenizer_config.json";

size_t count(std::string_view text, std::string_view part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) {
    ++found;
  }
  return found;
}

class PhraseTokenizer : public WordTokenizer {
 public:
  explicit PhraseTokenizer(const Config& config)
      : config_(config),
        words_(require_strings(config, "vocab"), require_strings(config, "stop_words")),
        separator_(separator(config)) {
    const int64_t longest = config.get<int64_t>("max_ngram_length", 5);
    if (separator_.empty()) return;
    for (const std::string& word : words_.words()) {
      const size_t parts = count(word, separator_) + 1;
      const bool malformed = word.find(separator_ + separator_) != word.npos;
      if (parts == 1 || malformed || static_cast<int64_t>(parts) > longest) continue;
      phrases_[parts].insert(word);
    }
  }

  std::vector<int64_t> ids(std::string_view text) const override {
    std::vector<std::string> tokens = treebank_words(text);
    for (auto length = phrases_.rbegin(); length != phrases_.rend(); ++length) {
      tokens = join(tokens, length->first, length->second);
    }
    std::vector<int64_t> ids;
    for (const std::string& token : tokens) {
      if (words_.settles(token, ids)) continue;
      const std::string lowered = python::lower(token);
      if (words_.settles(lowered, ids)) continue;
      const std::string_view stripped = python::strip_punctuation(lowered);
      if (!stripped.empty()) words_.settles(stripped, ids);
    }
    return ids;
  }
  int64_t vocab_size() const override { return static_cast<int64_t>(words_.words().size()); }
  std::string type() const override { return "PhraseTokenizer"; }
  void save(const std::filesystem::path& folder) const override {
    write_json(folder / kPhraseFile, config_.json());
  }

 private:
  using Phrases = std::unordered_set<std::string>;

  /// "" where there are no phrases.
  static std::string separator(const Config& config) {
    const auto given = config.json().find("ngram_separator");
    if (given != config.json().end() && given->is_null()) return "";
    return config.get<std::string>("ngram_separator", "_");
  }

  /// Tokens with each run of `length` of them that is a phrase as one.
  std::vector<std::string> join(const std::vector<std::string>& tokens, size_t length,
                                const Phrases& phrases) const {
    std::vector<std::string> result;
    for (size_t i = 0; i < tokens.size(); ++i) {
      result.push_back(tokens[i]);
      if (i + length > tokens.size()) continue;
      std::string joined = tokens[i];
      for (size_t k = 1; k < length; ++k) joined += separator_ + tokens[i + k];
      if (!phrases.count(joined)) joined = python::lower(joined);
      if (!phrases.count(joined)) continue;
      result.back() = joined;
      i += length - 1;
    }
    return result;
  }

  Config config_;
  WordList words_;
  std::string separator_;
  std::map<size_t, Phrases> phrases_;  // by how many words they have
};

}  // namespace

std::unique_ptr<WordTokenizer> make_phrase_tokenizer(const std::filesystem::path& folder) {
  return std::make_unique<PhraseTokenizer>(Config::read(folder / kPhraseFile));
}

}  // namespace sentence_transformers
