// A tokenizer's files with texts. The input's parts are divided by NUL bytes: tokenizer.json (or
// vocab.txt, if it begins with no brace), tokenizer_config.json, config.json, and texts.
#include <sentence_transformers/tokenizer.h>

#include <algorithm>
#include <vector>

#include "fuzz.h"

namespace sentence_transformers {
namespace {

std::vector<std::string_view> parts_of(std::string_view input) {
  std::vector<std::string_view> parts;
  for (size_t begin = 0;;) {
    const size_t end = input.find('\0', begin);
    parts.push_back(input.substr(begin, end - begin));
    if (end == input.npos) return parts;
    begin = end + 1;
  }
}

void check_text(const Tokenizer& tokenizer, std::string_view text) {
  using fuzz::require;
  const Encoding whole = tokenizer.encode(text);
  const auto length = static_cast<int64_t>(whole.ids.size());
  require(whole.type_ids.size() == whole.ids.size(), "a type for each id");
  require(!whole.truncated() && whole.untruncated_length == length, "nothing is cut");
  require(tokenizer.count_tokens(text) == length, "count_tokens counts as encode does");
  for (const int64_t id : whole.ids) {
    require(id >= 0 && id < tokenizer.vocab_size(), "ids lie in the vocabulary");
  }
  require(tokenizer.encode(text).ids == whole.ids, "a text has the same ids each time");
  require(tokenizer.tokenize(text).size() == whole.ids.size(), "a token for each id");
  tokenizer.decode(whole.ids);
  tokenizer.decode(whole.ids, false);

  const int64_t specials = tokenizer.count_tokens("");
  for (const int64_t most : {specials + 1, specials + 5}) {
    Encoding cut;
    try {
      cut = tokenizer.encode(text, most);
    } catch (const std::invalid_argument&) {
      continue;  // an empty text may have content, so that there are fewer specials
    }
    require(static_cast<int64_t>(cut.ids.size()) == std::min(length, most), "as long as it may be");
    require(cut.untruncated_length == length, "the whole length is told");
  }
  const Encoding pair = tokenizer.encode_pair(text, "a b");
  require(pair.type_ids.size() == pair.ids.size(), "a type for each id of a pair");
  tokenizer.decode(pair.ids);
}

}  // namespace

FUZZ_TARGET(tokenizer) {
  static const fuzz::Folder folder;
  const std::vector<std::string_view> parts = parts_of(input);
  constexpr const char* kNames[] = {"tokenizer.json", "tokenizer_config.json", "config.json"};
  for (const char* name : {"tokenizer.json", "vocab.txt", "tokenizer_config.json", "config.json"}) {
    folder.remove(name);
  }
  for (size_t i = 0; i < 3 && i < parts.size(); ++i) {
    const bool words = i == 0 && !parts[i].starts_with('{');
    if (i == 0 || !parts[i].empty()) folder.write(words ? "vocab.txt" : kNames[i], parts[i]);
  }
  for (const bool lower : {false, true}) {
    fuzz::accepted([&] {
      const Tokenizer tokenizer = Tokenizer::from_pretrained(folder.path(), lower);
      for (size_t i = 3; i < parts.size(); ++i) check_text(tokenizer, parts[i]);
      check_text(tokenizer, "The caf\xc3\xa9's 1st   [MASK] \xff\xe6\xbc\xa2<s>\n");
      check_text(tokenizer, "");
      std::vector<int64_t> all(static_cast<size_t>(std::min<int64_t>(tokenizer.vocab_size(), 300)));
      for (size_t id = 0; id < all.size(); ++id) all[id] = static_cast<int64_t>(id);
      tokenizer.decode(all);
    });
  }
}

}  // namespace sentence_transformers
