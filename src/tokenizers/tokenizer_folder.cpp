#include "tokenizers/tokenizer_folder.h"

#include "core/files.h"

namespace sentence_transformers {

TokenizerFolder::TokenizerFolder(const std::filesystem::path& folder)
    : path(folder),
      tokenizer(read("tokenizer.json", &vocabulary)),
      settings(read("tokenizer_config.json")),
      special_tokens(read("special_tokens_map.json")),
      model(read("config.json")) {}

TokenizerFolder TokenizerFolder::of_file(const std::filesystem::path& file) {
  TokenizerFolder folder;
  folder.path = file.parent_path();
  folder.tokenizer = Config::read(file, &folder.vocabulary);
  return folder;
}

bool TokenizerFolder::has(const char* name) const { return file_exists(path / name); }

std::optional<Config> TokenizerFolder::read(const char* name, InnerObject* apart) const {
  if (!has(name)) return std::nullopt;
  return Config::read(path / name, apart);
}

}  // namespace sentence_transformers
