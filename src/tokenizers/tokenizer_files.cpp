#include "tokenizers/tokenizer_files.h"

#include <sentence_transformers/error.h>

#include <algorithm>

#include "core/quoted.h"
#include "tokenizers/added_token_files.h"
#include "tokenizers/sentencepiece_classes.h"
#include "tokenizers/tokenizer_classes.h"

namespace sentence_transformers {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// A vocabulary, its merges, and the file that errors name.
struct ModelFiles {
  Vocabulary vocabulary;
  TokenIndex index;
  Merges merges;
  std::vector<double> scores;  // Unigram's
  fs::path source;

  void take(UnigramVocabulary unigram) {
    vocabulary = std::move(unigram.tokens);
    scores = std::move(unigram.scores);
  }
};

/// tokenizer.json's model, which must be of the type that the class wants.
Config class_model(const TokenizerFolder& folder, std::string_view type) {
  Config model = folder.tokenizer->at("model");
  const std::string found = model_type(model);
  if (found == type) return model;
  throw UnsupportedError("[Tokenizer] " + model.name("type") + " is \"" + found +
                         "\"; known: " + std::string(type));
}

ModelFiles read_class_model(TokenizerFolder& folder, const TokenizerClass& row) {
  ModelFiles files;
  if (folder.tokenizer) {
    const Config model = class_model(folder, row.model);
    files.source = folder.tokenizer->file();
    if (row.model == "Unigram") {
      files.take(read_json_unigram(model, folder.vocabulary, ScoreReading::nearest));
    } else {
      files.vocabulary = read_json_vocabulary(model, folder.vocabulary);
    }
    if (row.model == "BPE") files.merges = read_json_merges(model);
  } else {
    files.source = folder.path / row.vocabulary_file;
    if (row.arrange) {
      folder.sentencepiece = read_sentencepiece_file(files.source);
      files.take(row.arrange(folder));
      files.index = index_tokens(files.vocabulary);
      if (row.model == "BPE") files.merges = merges_of_pieces(files.vocabulary, files.index);
    } else if (row.model == "BPE") {
      files.vocabulary = read_vocab_json(files.source);
      files.merges = read_merges_txt(folder.path / "merges.txt");
    } else {
      files.vocabulary = read_vocab_txt(files.source);
    }
  }
  files.index = index_tokens(files.vocabulary);
  return files;
}

/// The ids around a text, found when they are asked for.
class TokenIds {
 public:
  TokenIds(const TokenIndex& vocabulary, const AddedTokenList& added, const fs::path& source)
      : vocabulary_(vocabulary), added_(added), source_(source) {}

  /// ["[CLS]", 101]. Throws LoadError if there is no such token.
  json pair(const std::string& name) const {
    const std::string content = added_.content(name).value_or("");
    if (const auto id = find(content)) return {content, *id};
    throw LoadError("[Tokenizer] " + source_.string() + ": the vocabulary lacks the " + name + " " +
                    in_quotes(content));
  }

  std::optional<int64_t> find(const std::string& content) const {
    for (const AddedToken& token : added_.tokens) {
      if (token.content == content) return token.id;
    }
    const auto found = vocabulary_.find(content);
    return found == vocabulary_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  const TokenIndex& vocabulary_;
  const AddedTokenList& added_;
  const fs::path& source_;
};

json special_piece(const std::string& token, int type_id) {
  return {{"SpecialToken", {{"id", token}, {"type_id", type_id}}}};
}

json sequence_piece(const char* id, int type_id) {
  return {{"Sequence", {{"id", id}, {"type_id", type_id}}}};
}

/// bos_token and eos_token around each text. transformers drops the settings that ask for them
/// where there is a tokenizer.json.
json ends_template(const TokenizerFolder& folder, const TokenIds& ids,
                   const AddedTokenList& added) {
  const auto wanted = [&](const char* setting, const char* token) {
    return !folder.tokenizer && folder.setting(setting, false) && added.content(token);
  };
  const bool bos = wanted("add_bos_token", "bos_token"), eos = wanted("add_eos_token", "eos_token");
  json single = json::array(), pair = json::array(), specials = json::object();
  const auto put = [&](json& pieces, const char* name, int type_id) {
    const json token = ids.pair(name);
    specials[token[0].get<std::string>()] = {{"ids", {token[1]}}};
    pieces.push_back(special_piece(token[0], type_id));
  };
  const auto put_text = [&](json& pieces, const char* id, int type_id) {
    if (bos) put(pieces, "bos_token", type_id);
    pieces.push_back(sequence_piece(id, type_id));
    if (eos) put(pieces, "eos_token", type_id);
  };
  put_text(single, "A", 0);
  put_text(pair, "A", 0);
  put_text(pair, "B", 1);
  return {{"type", "TemplateProcessing"},
          {"single", single},
          {"pair", pair},
          {"special_tokens", specials}};
}

json t5_template(const TokenIds& ids) {
  const json eos = ids.pair("eos_token");
  const json end = special_piece(eos[0], 0);
  return {{"type", "TemplateProcessing"},
          {"single", {sequence_piece("A", 0), end}},
          {"pair", {sequence_piece("A", 0), end, sequence_piece("B", 0), end}},
          {"special_tokens", {{eos[0].get<std::string>(), {{"ids", {eos[1]}}}}}}};
}

/// The token of the language that the texts are in.
json language_pair(const TokenizerFolder& folder, const TokenIds& ids) {
  const std::string code = folder.setting<std::string>("src_lang", "en_XX");
  if (const auto id = ids.find(code)) return {code, *id};
  throw LoadError("[Tokenizer] " + folder.path.string() + ": \"src_lang\" is " + in_quotes(code) +
                  "; expected a token of the vocabulary");
}

/// A text or a pair of them with `before` in front and `behind` at its end, each [token, id].
json enclosing_template(const json& before, const json& behind) {
  json single = json::array(), pair = json::array(), specials = json::object();
  const auto put = [&](const json& tokens) {
    for (const json& token : tokens) {
      specials[token[0].get<std::string>()] = {{"ids", {token[1]}}};
      single.push_back(special_piece(token[0], 0));
      pair.push_back(special_piece(token[0], 0));
    }
  };
  put(before);
  single.push_back(sequence_piece("A", 0));
  pair.push_back(sequence_piece("A", 0));
  pair.push_back(sequence_piece("B", 0));
  put(behind);
  return {{"type", "TemplateProcessing"},
          {"single", single},
          {"pair", pair},
          {"special_tokens", specials}};
}

json class_post_processor(const TokenizerFolder& folder, const TokenizerClass& row,
                          const TokenIds& ids, const AddedTokenList& added) {
  const bool in_file = folder.tokenizer && folder.tokenizer->has("post_processor");
  switch (row.post_processor) {
    case ClassTemplate::albert:
      if (in_file) return folder.tokenizer->json()["post_processor"];
      [[fallthrough]];
    case ClassTemplate::bert:
      return {{"type", "BertProcessing"},
              {"cls", ids.pair("cls_token")},
              {"sep", ids.pair("sep_token")}};
    case ClassTemplate::roberta:
      return {{"type", "RobertaProcessing"},
              {"cls", ids.pair("cls_token")},
              {"sep", ids.pair("sep_token")}};
    case ClassTemplate::xlm_roberta:
      return {{"type", "RobertaProcessing"},
              {"cls", ids.pair("bos_token")},
              {"sep", ids.pair("eos_token")}};
    case ClassTemplate::t5:
      return t5_template(ids);
    case ClassTemplate::mbart:
      return enclosing_template(json::array(),
                                json::array({ids.pair("eos_token"), language_pair(folder, ids)}));
    case ClassTemplate::mbart50:
      return enclosing_template(json::array({language_pair(folder, ids)}),
                                json::array({ids.pair("eos_token")}));
    case ClassTemplate::file:
      if (in_file) return folder.tokenizer->json()["post_processor"];
      break;
    case ClassTemplate::ends:
      break;
  }
  return ends_template(folder, ids, added);
}

int64_t count_ids(const Vocabulary& vocabulary, const std::vector<AddedToken>& added) {
  int64_t count = 0;
  for (const auto& [token, id] : vocabulary) count = std::max(count, id + 1);
  for (const AddedToken& token : added) count = std::max(count, token.id + 1);
  return count;
}

/// What a stage of `stages` is, if there is one.
std::optional<Config> find_stage(const Config& stages, const char* key) {
  return stages.has(key) ? std::optional(stages.at(key)) : std::nullopt;
}

/// The parts that the stages describe.
void make_stages(const Config& stages, const Config& model, ModelFiles&& files, bool do_lower_case,
                 TokenizerParts& parts) {
  PipelineConfig pipeline{find_stage(stages, "normalizer"), find_stage(stages, "pre_tokenizer")};
  if (do_lower_case) pipeline = with_lowercase(std::move(pipeline));
  parts.pipeline = make_pipeline(
      pipeline, {model, files.vocabulary, files.index, files.merges, false, files.scores});
  parts.cleans_up = model_type(model) != "BPE";
  if (const auto decoder = find_stage(stages, "decoder")) parts.decoder = make_decoder(*decoder);
  if (const auto processor = find_stage(stages, "post_processor")) {
    parts.post_processor =
        apply_post_processor(*processor, {}, count_ids(files.vocabulary, parts.added_tokens));
  }
  parts.vocabulary = std::move(files.vocabulary);
  parts.index = std::move(files.index);
}

TokenizerParts read_by_class(TokenizerFolder& folder, const TokenizerClass& row,
                             bool do_lower_case) {
  TokenizerParts parts;
  ModelFiles files = read_class_model(folder, row);
  const auto others = row.others ? row.others(folder) : std::vector<AddedToken>();
  AddedTokenRules rules = row.added_tokens;
  rules.others = others;
  AddedTokenList added = read_added_tokens(folder, rules, files.index);
  const TokenIds ids(files.index, added, files.source);
  json stages = row.stages(folder);
  if (json& model = stages["model"]; model.contains("unk_token")) {
    model["unk_token"] = ids.pair("unk_token")[0];
  } else if (model.contains("unk_id") && model["unk_id"].is_null()) {
    const auto unk = files.index.find(added.content("unk_token").value_or(""));
    model["unk_id"] = unk == files.index.end() ? 0 : unk->second;
  }
  stages["post_processor"] = class_post_processor(folder, row, ids, added);
  parts.added_tokens = std::move(added.tokens);
  parts.named_tokens = std::move(added.named);
  const Config config(std::move(stages), files.source);
  make_stages(config, config.at("model"), std::move(files), do_lower_case, parts);
  return parts;
}

/// tokenizer.json as it stands, with the added tokens of the other files.
TokenizerParts read_as_it_stands(TokenizerFolder& folder, bool do_lower_case) {
  TokenizerParts parts;
  const Config& tokenizer = *folder.tokenizer;
  const Config model = tokenizer.at("model");
  ModelFiles files;
  files.source = tokenizer.file();
  if (model_type(model) == "Unigram") {
    files.take(read_json_unigram(model, folder.vocabulary, ScoreReading::scaled));
  } else {
    files.vocabulary = read_json_vocabulary(model, folder.vocabulary);
  }
  if (model_type(model) == "BPE") files.merges = read_json_merges(model);
  files.index = index_tokens(files.vocabulary);
  AddedTokenList added = read_added_tokens(folder, {.keeps_file = true}, files.index);
  parts.added_tokens = std::move(added.tokens);
  parts.named_tokens = std::move(added.named);
  make_stages(tokenizer, model, std::move(files), do_lower_case, parts);
  return parts;
}

/// transformers writes about 1e30 for "no limit".
std::optional<int64_t> read_model_max_length(const std::optional<Config>& settings) {
  constexpr double kNoLimit = 1e9;
  const auto value = settings ? settings->find<double>("model_max_length") : std::nullopt;
  if (!value || !(*value >= 1 && *value < kNoLimit)) return std::nullopt;
  return static_cast<int64_t>(*value);
}

/// Which end truncation keeps: the settings say so, else tokenizer.json's own truncation.
bool read_keeps_end(const TokenizerFolder& folder) {
  std::string side = "Right";
  if (folder.tokenizer && folder.tokenizer->has("truncation")) {
    side = folder.tokenizer->at("truncation").get<std::string>("direction", side);
  }
  side = folder.setting<std::string>("truncation_side", side);
  if (side == "right" || side == "Right") return false;
  if (side == "left" || side == "Left") return true;
  throw LoadError("[Tokenizer] " + folder.path.string() + ": the truncation side is \"" + side +
                  "\"; expected left or right");
}

}  // namespace

void make_special(TokenizerParts& parts, const std::string& word) {
  AddedToken token{.content = word, .special = true};
  const auto added = std::find_if(parts.added_tokens.begin(), parts.added_tokens.end(),
                                  [&](const AddedToken& t) { return t.content == word; });
  if (added != parts.added_tokens.end()) {
    token.id = added->id;
    *added = token;
    return;
  }
  const auto known = parts.index.find(word);
  if (known == parts.index.end()) return;
  token.id = known->second;
  parts.added_tokens.push_back(token);
}

TokenizerParts read_tokenizer_json(const fs::path& file) {
  TokenizerFolder folder = TokenizerFolder::of_file(file);
  TokenizerParts parts = read_as_it_stands(folder, false);
  if (folder.tokenizer->has("truncation")) {
    parts.model_max_length = folder.tokenizer->at("truncation").require_at_least("max_length", 0);
  }
  parts.keeps_end = read_keeps_end(folder);
  parts.cleans_up = false;
  return parts;
}

TokenizerParts read_tokenizer_files(const fs::path& path, bool do_lower_case) {
  TokenizerFolder folder(path);
  const TokenizerClass* row = find_tokenizer_class(folder);
  const std::string wanted(row ? row->vocabulary_file : "vocab.txt");
  if (!folder.tokenizer && !(row && !wanted.empty() && folder.has(wanted.c_str()))) {
    throw LoadError("[Tokenizer] " + path.string() + ": expected tokenizer.json" +
                    (wanted.empty() ? "" : " or " + wanted + ", found neither") +
                    (!row && folder.has("vocab.json")
                         ? "; vocab.json needs a tokenizer_class, or a model_type in config.json"
                         : ""));
  }
  TokenizerParts parts =
      row ? read_by_class(folder, *row, do_lower_case) : read_as_it_stands(folder, do_lower_case);
  parts.model_max_length = read_model_max_length(folder.settings);
  parts.keeps_end = read_keeps_end(folder);
  parts.cleans_up = parts.cleans_up && folder.setting("clean_up_tokenization_spaces", false);
  if (folder.setting("split_special_tokens", false)) {
    for (AddedToken& token : parts.added_tokens) token.ignored = token.special;
  }
  return parts;
}

}  // namespace sentence_transformers
