// Tokenizers that look up whole words. The input: w or p for the class (WhitespaceTokenizer,
// PhraseTokenizer), its configuration, a NUL byte, and texts divided by such bytes.
#include "tokenizers/words/word_tokenizer.h"

#include "fuzz.h"

namespace sentence_transformers {

FUZZ_TARGET(words) {
  static const fuzz::Folder folder;
  const bool phrases = input.starts_with('p');
  input = input.substr(input.empty() ? 0 : 1);
  const size_t end = input.find('\0');
  folder.write(phrases ? "phrasetokenizer_config.json" : "whitespacetokenizer_config.json",
               input.substr(0, end));
  fuzz::accepted([&] {
    const auto tokenizer =
        make_word_tokenizer(phrases ? "PhraseTokenizer" : "WhitespaceTokenizer", folder.path());
    std::string_view texts = end == input.npos ? "" : input.substr(end + 1);
    for (bool more = true; more;) {
      const size_t cut = texts.find('\0');
      const std::string_view text = texts.substr(0, cut);
      const std::vector<int64_t> ids = tokenizer->ids(text);
      for (const int64_t id : ids) {
        fuzz::require(id >= 0 && id < tokenizer->vocab_size(), "ids lie in the list");
      }
      fuzz::require(ids.size() <= 2 * text.size() + 2, "no more words than a text has room for");
      fuzz::require(tokenizer->ids(text) == ids, "a text has the same ids each time");
      more = cut != texts.npos;
      texts = more ? texts.substr(cut + 1) : "";
    }
    tokenizer->save(folder.path());
    fuzz::require(make_word_tokenizer(tokenizer->type(), folder.path())->vocab_size() ==
                      tokenizer->vocab_size(),
                  "what is saved is read again");
  });
}

}  // namespace sentence_transformers
