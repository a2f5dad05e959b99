#include "tokenizers/tokenizer_copies.h"

#include <sentence_transformers/error.h>

#include <algorithm>
#include <set>
#include <string>

#include "core/config.h"
#include "core/files.h"

namespace sentence_transformers {
namespace {

namespace fs = std::filesystem;

bool is_tokenizer_file(const std::string& name) {
  static const std::set<std::string> names = {"tokenizer.json",
                                              "tokenizer_config.json",
                                              "chat_template.jinja",
                                              "special_tokens_map.json",
                                              "vocab.txt",
                                              "vocab.json",
                                              "merges.txt",
                                              "added_tokens.json",
                                              "sentencepiece.bpe.model",
                                              "spiece.model",
                                              "spm.model",
                                              "tokenizer.model"};
  return names.count(name) != 0;
}

/// Changes a JSON file of the folder, if it is there. Members of its objects are written by name:
/// objects that keep an order take quadratic time.
template <class Change>
void change_json(const fs::path& path, const Change& change) {
  if (!file_exists(path)) return;
  nlohmann::json json = read_json(path);
  change(json);
  const std::string text = json.dump(2) + "\n";
  write_atomically(path, [&](FileWriter& file) { file.write(text.data(), text.size()); });
}

nlohmann::json special_entry(const std::string& word) {
  return {{"content", word}, {"single_word", false}, {"lstrip", false},
          {"rstrip", false}, {"normalized", false},  {"special", true}};
}

}  // namespace

void list_special_tokens(const fs::path& folder, const std::map<std::string, int64_t>& words) {
  if (words.empty()) return;
  change_json(folder / "tokenizer.json", [&](nlohmann::json& tokenizer) {
    nlohmann::json& list = tokenizer["added_tokens"];
    for (const auto& [word, id] : words) {
      nlohmann::json entry = special_entry(word);
      entry["id"] = id;
      const auto same = std::find_if(list.begin(), list.end(), [&word = word](const auto& token) {
        return token.at("content") == word;
      });
      if (same != list.end()) {
        *same = entry;
      } else {
        list.push_back(entry);
      }
    }
  });
  change_json(folder / "tokenizer_config.json", [&](nlohmann::json& settings) {
    const bool older = settings.contains("additional_special_tokens");
    nlohmann::json& names = settings[older ? "additional_special_tokens" : "extra_special_tokens"];
    const auto decoder = settings.find("added_tokens_decoder");
    for (const auto& [word, id] : words) {
      names.push_back(word);
      if (decoder != settings.end()) (*decoder)[std::to_string(id)] = special_entry(word);
    }
  });
}

void copy_whole(const fs::path& from, const fs::path& to) {
  std::error_code none;
  if (fs::equivalent(from, to, none)) return;
  const std::string content = read_file(from);
  write_atomically(to, [&](FileWriter& file) { file.write(content.data(), content.size()); });
}

void copy_tokenizer_files(const fs::path& from, const fs::path& to) {
  std::error_code error;
  const std::vector<fs::path> files = folder_entries(from, error);
  if (error) {
    throw Error("[save_pretrained] " + from.string() + ": " + error.message() +
                "; the tokenizer's files are copied from there");
  }
  for (const fs::path& file : files) {
    if (is_tokenizer_file(file.filename().string())) copy_whole(file, to / file.filename());
  }
}

}  // namespace sentence_transformers
