// Tokenizers that look whole words up in a list, as WordEmbeddings and BoW have them.
#pragma once

#include <sentence_transformers/tokenizer.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace sentence_transformers {

class WordTokenizer {
 public:
  virtual ~WordTokenizer() = default;

  /// The ids of the text's words, those without one left out. From several threads at once.
  virtual std::vector<int64_t> ids(std::string_view text) const = 0;
  virtual int64_t vocab_size() const = 0;
  /// Hugging Face's, if it is one.
  virtual const Tokenizer* tokenizer() const { return nullptr; }

  /// Python's class name.
  virtual std::string type() const = 0;
  /// Writes its files into a folder that exists.
  virtual void save(const std::filesystem::path& folder) const = 0;
};

/// The tokenizer that a Python type names, such as
/// "sentence_transformers.models.tokenizer.WhitespaceTokenizer", from its files in `folder`. Throws
/// UnsupportedError for a type that is not here, LoadError for malformed files.
std::unique_ptr<WordTokenizer> make_word_tokenizer(const std::string& type,
                                                   const std::filesystem::path& folder);

/// Words and their ids, and the words that are left out.
class WordList {
 public:
  /// A word's id is its place; of a word that is there twice the last place counts.
  explicit WordList(std::vector<std::string> words, std::vector<std::string> stop_words = {});
  WordList(const WordList&) = delete;
  WordList& operator=(const WordList&) = delete;

  /// Appends the word's id if it has one. False if the next spelling of the word is to be tried.
  bool settles(std::string_view word, std::vector<int64_t>& ids) const;
  const std::vector<std::string>& words() const { return words_; }

 private:
  std::vector<std::string> words_, stop_words_;
  std::unordered_map<std::string_view, int64_t> index_;
  std::unordered_set<std::string_view> stops_;
};

/// Ids of what stands between white space: as it is, without punctuation around it, in lowercase.
/// As WhitespaceTokenizer of sentence-transformers 6.2's modules/tokenizer/whitespace.py.
std::vector<int64_t> whitespace_ids(std::string_view text, const WordList& words,
                                    bool do_lower_case);

}  // namespace sentence_transformers
