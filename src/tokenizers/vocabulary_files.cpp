#include "tokenizers/vocabulary_files.h"

#include <sentence_transformers/error.h>

#include <algorithm>
#include <map>

#include "core/files.h"
#include "core/json.h"

namespace sentence_transformers {
namespace {

using nlohmann::json;

int64_t read_id(const json& id, const std::string& name) {
  if (id.is_number_integer() && id.get<int64_t>() >= 0 && id.get<int64_t>() <= INT32_MAX) {
    return id.get<int64_t>();
  }
  throw LoadError("[Tokenizer] " + name + ": expected an id, found " +
                  (id.is_null() || id.is_structured() ? "something else" : shown(id)));
}

/// Calls line(std::string_view, size_t number) for each line, counted from 1; a line end at the end
/// begins no line.
template <class Line>
void for_each_line(std::string_view text, Line line) {
  size_t number = 0;
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find('\n', start), text.size());
    line(text.substr(start, end - start), ++number);
    start = end + 1;
  }
}

/// "a b"; `name()` says where it stands.
template <class Name>
std::pair<std::string, std::string> read_merge(std::string_view text, Name name) {
  const size_t space = text.find(' ');
  if (space == text.npos || text.find(' ', space + 1) != text.npos) {
    throw LoadError("[Tokenizer] " + name() + ": expected two tokens with a space between them");
  }
  return {std::string(text.substr(0, space)), std::string(text.substr(space + 1))};
}

}  // namespace

Vocabulary read_json_vocabulary(const Config& model, InnerObject& object) {
  const Config vocab = model.at("vocab");
  Vocabulary vocabulary;
  vocabulary.reserve(object.members.size());
  for (auto& [token, id] : object.members) {
    const int64_t number = read_id(id, vocab.name(token));
    vocabulary.emplace_back(std::move(token), number);
  }
  object.members.clear();
  return vocabulary;
}

Vocabulary read_vocab_txt(const std::filesystem::path& path) {
  Vocabulary vocabulary;
  const std::string text = read_file(path);
  std::map<std::string, int64_t> place;  // of a repeated token the last line counts, as in Python
  for_each_line(text, [&](std::string_view line, size_t number) {
    std::string token(line);
    token.erase(token.find_last_not_of(" \t\r\v\f") + 1);
    vocabulary.emplace_back(std::move(token), static_cast<int64_t>(number) - 1);
  });
  for (const auto& [token, id] : vocabulary) place[token] = id;
  std::erase_if(vocabulary, [&](const auto& entry) { return place[entry.first] != entry.second; });
  return vocabulary;
}

Vocabulary read_vocab_json(const std::filesystem::path& path) {
  const Config file = Config::read(path);
  Vocabulary vocabulary;
  vocabulary.reserve(file.json().size());
  for (const auto& [token, id] : file.json().items()) {
    vocabulary.emplace_back(token, read_id(id, file.name(token)));
  }
  return vocabulary;
}

Merges read_json_merges(const Config& model) {
  const auto list = model.json().find("merges");
  if (list == model.json().end() || !list->is_array()) {
    throw LoadError("[Tokenizer] " + model.name("merges") + ": expected a list");
  }
  Merges merges;
  merges.reserve(list->size());
  for (const json& merge : *list) {
    const auto name = [&] { return model.name("merges[" + std::to_string(merges.size()) + "]"); };
    if (merge.is_string()) {
      const auto& text = merge.get_ref<const std::string&>();
      if (text.starts_with("#version")) continue;
      merges.push_back(read_merge(text, name));
    } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() &&
               merge[1].is_string()) {
      merges.emplace_back(merge[0], merge[1]);
    } else {
      throw LoadError("[Tokenizer] " + name() + ": expected \"a b\" or [\"a\", \"b\"]");
    }
  }
  return merges;
}

Merges read_merges_txt(const std::filesystem::path& path) {
  const std::string text = read_file(path);
  Merges merges;
  for_each_line(text, [&](std::string_view line, size_t number) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with("#version")) return;
    merges.push_back(
        read_merge(line, [&] { return path.string() + ": line " + std::to_string(number); }));
  });
  return merges;
}

}  // namespace sentence_transformers
