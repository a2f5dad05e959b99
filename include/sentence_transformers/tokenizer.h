// Text to token ids and back, equal to Hugging Face's fast tokenizers.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#pragma GCC visibility push(default)
namespace sentence_transformers {

/// One tokenized text, special tokens included, cut to the maximum length, never padded.
struct Encoding {
  std::vector<int64_t> ids;        ///< of the tokens
  std::vector<int64_t> type_ids;   ///< 0, or 1 for the second text of a pair; as long as `ids`
  int64_t untruncated_length = 0;  ///< tokens the whole text has, special ones included

  /// Whether the text is longer than what was kept of it.
  bool truncated() const { return untruncated_length > static_cast<int64_t>(ids.size()); }
};

/// A tokenizer as a Hugging Face folder describes it. Immutable and safe to use from several
/// threads at once.
///
/// Text is UTF-8; each invalid sequence counts as U+FFFD, so no input is refused.
class Tokenizer {
 public:
  /// A maximum length that cuts nothing.
  static constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();

  /// Reads `tokenizer.json` (with `tokenizer_config.json` beside it), else `vocab.txt`.
  /// Throws LoadError for a missing or malformed file, UnsupportedError for an algorithm that is
  /// not here.
  /// `do_lower_case` lowercases a cased tokenizer's texts, as sentence_bert_config.json may ask
  /// for.
  static Tokenizer from_pretrained(const std::filesystem::path& folder, bool do_lower_case = false);

  /// The same, with words of the vocabulary made special tokens, which texts then may spell, as
  /// Python's `add_special_tokens` does it; those that the vocabulary lacks are left out.
  static Tokenizer from_pretrained(const std::filesystem::path& folder, bool do_lower_case,
                                   const std::vector<std::string>& special_tokens);

  /// A tokenizer.json as it stands, whatever other files lie beside it, as the tokenizers library's
  /// own `Tokenizer.from_file` reads it. Its "truncation", if it has one, becomes
  /// model_max_length(). Throws as from_pretrained.
  static Tokenizer from_file(const std::filesystem::path& file);

  /// What was moved from can only be assigned to or destroyed.
  Tokenizer(Tokenizer&&) noexcept;
  /// What was moved from can only be assigned to or destroyed.
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  /// Ids of one text, at most `max_length` of them: the text's last tokens are cut, the special
  /// tokens stay.
  Encoding encode(std::string_view text, int64_t max_length = kNoLimit) const;

  /// Ids of a pair; while it is too long, the longer side loses its last token (Hugging Face's
  /// "longest_first").
  Encoding encode_pair(std::string_view first, std::string_view second,
                       int64_t max_length = kNoLimit) const;

  /// encode without special tokens but those that the text spells itself, as Hugging Face's
  /// add_special_tokens=False; there may be no ids.
  Encoding encode_content(std::string_view text, int64_t max_length = kNoLimit) const;

  /// The text that the ids spell, as Hugging Face's `decode` gives it. Throws std::invalid_argument
  /// for an id outside the vocabulary.
  std::string decode(const std::vector<int64_t>& ids, bool skip_special_tokens = true) const;

  /// The tokens of a text as strings, special tokens included: {"[CLS]", "hello", "[SEP]"}.
  std::vector<std::string> tokenize(std::string_view text, int64_t max_length = kNoLimit) const;

  /// How many tokens the whole text has, special ones included; nothing is cut.
  int64_t count_tokens(std::string_view text) const;

  /// The token of an id. Throws std::invalid_argument for an id outside the vocabulary.
  const std::string& id_to_token(int64_t id) const;
  /// The id of a token, special and added ones included; nothing for one that is none.
  std::optional<int64_t> token_to_id(std::string_view token) const;

  /// The text of a special token with a name, such as "mask_token" or "eos_token"; nothing where
  /// the folder's files, and the class of tokenizer that they name, have none.
  std::optional<std::string> named_token(const std::string& name) const;

  /// Number of ids, added tokens included.
  int64_t vocab_size() const;

  /// `model_max_length` of tokenizer_config.json, if it gives one.
  std::optional<int64_t> model_max_length() const;

  /// Is the id one of the special tokens, such as [CLS]?
  bool is_special(int64_t id) const;

  struct Impl;

 private:
  explicit Tokenizer(std::unique_ptr<const Impl> impl);
  std::unique_ptr<const Impl> impl_;
};

}  // namespace sentence_transformers
#pragma GCC visibility pop
