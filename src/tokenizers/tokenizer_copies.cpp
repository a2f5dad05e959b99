#include "tokenizers/tokenizer_copies.h"

#include <sentence_transformers/error.h>

#include <set>
#include <string>

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

}  // namespace

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
