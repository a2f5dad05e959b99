#include "tokenizers/words/word_tokenizer.h"

#include <sentence_transformers/error.h>

#include "core/quoted.h"
#include "tokenizers/words/makers.h"
#include "tokenizers/words/python_text.h"

namespace sentence_transformers {

WordList::WordList(std::vector<std::string> words, std::vector<std::string> stop_words)
    : words_(std::move(words)), stop_words_(std::move(stop_words)) {
  for (size_t i = 0; i < words_.size(); ++i) index_[words_[i]] = static_cast<int64_t>(i);
  stops_.insert(stop_words_.begin(), stop_words_.end());
}

bool WordList::settles(std::string_view word, std::vector<int64_t>& ids) const {
  if (stops_.count(word)) return true;
  const auto found = index_.find(word);
  if (found == index_.end()) return false;
  ids.push_back(found->second);
  return true;
}

std::vector<int64_t> whitespace_ids(std::string_view text, const WordList& words,
                                    bool do_lower_case) {
  const std::string lowered = do_lower_case ? python::lower(text) : "";
  std::vector<int64_t> ids;
  for (const std::string_view word : python::split(do_lower_case ? lowered : text)) {
    if (words.settles(word, ids)) continue;
    const std::string_view stripped = python::strip_punctuation(word);
    if (!stripped.empty() && words.settles(stripped, ids)) continue;
    words.settles(python::lower(stripped), ids);
  }
  return ids;
}

std::unique_ptr<WordTokenizer> make_word_tokenizer(const std::string& type,
                                                   const std::filesystem::path& folder) {
  const std::string name = type.substr(type.rfind('.') + 1);
  if (type.starts_with("sentence_transformers.")) {
    if (name == "WhitespaceTokenizer") return make_whitespace_tokenizer(folder);
    if (name == "PhraseTokenizer") return make_phrase_tokenizer(folder);
    if (name == "TransformersTokenizerWrapper") return make_tokenizer_wrapper(folder);
  }
  throw UnsupportedError("[WordEmbeddings] " + folder.string() + ": \"tokenizer_class\" is " +
                         in_quotes(type) +
                         "; known of sentence_transformers: PhraseTokenizer, "
                         "TransformersTokenizerWrapper, WhitespaceTokenizer");
}

}  // namespace sentence_transformers
