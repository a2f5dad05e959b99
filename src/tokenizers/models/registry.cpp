// The table of models.
#include <sentence_transformers/error.h>

#include "core/quoted.h"

#include "tokenizers/models/makers.h"

namespace sentence_transformers {
namespace {

struct ModelMaker {
  std::string_view type;
  std::unique_ptr<Model> (*make)(const ModelParts&);
};

constexpr ModelMaker kModels[] = {
    {"BPE", make_bpe},
    {"Unigram", make_unigram},
    {"WordLevel", make_word_level},
    {"WordPiece", make_wordpiece_model},
};

}  // namespace

TokenIndex index_tokens(const Vocabulary& vocabulary) {
  TokenIndex index;
  index.reserve(vocabulary.size());
  for (const auto& [token, id] : vocabulary) index[token] = id;
  return index;
}

std::string model_type(const Config& model) {
  if (const auto type = model.find<std::string>("type")) return *type;
  if (model.has("merges")) return "BPE";
  if (model.has("unk_id")) return "Unigram";
  return model.has("max_input_chars_per_word") || !model.has("unk_token") ? "WordPiece"
                                                                          : "WordLevel";
}

std::unique_ptr<Model> make_model(const ModelParts& parts) {
  const std::string type = model_type(parts.config);
  std::string known;
  for (const ModelMaker& row : kModels) {
    if (row.type == type) return row.make(parts);
    known += (known.empty() ? "" : ", ") + std::string(row.type);
  }
  throw UnsupportedError("[Tokenizer] " + parts.config.name("type") + " is \"" + type +
                         "\"; known: " + known);
}

int64_t require_token(const ModelParts& parts, const std::string& token, const char* role) {
  const auto found = parts.index.find(token);
  if (found != parts.index.end()) return found->second;
  throw LoadError("[Tokenizer] " + parts.config.file().string() + ": the vocabulary lacks the " +
                  role + " " + in_quotes(token));
}

}  // namespace sentence_transformers
