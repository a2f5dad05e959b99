// The files of a tokenizer beside each other in a folder; each may be missing.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "core/config.h"
#include "tokenizers/sentencepiece_file.h"

namespace sentence_transformers {

struct TokenizerFolder {
  /// Throws LoadError for a file that is no JSON object, or that the system refuses to look at.
  explicit TokenizerFolder(const std::filesystem::path& folder);
  /// A tokenizer.json alone, which must be there.
  static TokenizerFolder of_file(const std::filesystem::path& file);

  std::optional<Config> read(const char* name, InnerObject* apart = nullptr) const;
  bool has(const char* name) const;

  /// A key of tokenizer_config.json, or `fallback`.
  template <class T>
  T setting(const std::string& key, T fallback) const {
    return settings ? settings->get<T>(key, std::move(fallback)) : fallback;
  }

  std::filesystem::path path;
  InnerObject vocabulary{"model", "vocab"};  // tokenizer.json's, which is most of it
  std::optional<Config> tokenizer, settings, special_tokens, model;
  std::optional<SentencePieceFile> sentencepiece;  // read where there is no tokenizer.json

 private:
  TokenizerFolder() = default;
};

}  // namespace sentence_transformers
