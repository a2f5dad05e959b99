#include "tokenizers/tokenizer_files.h"

#include <sentence_transformers/error.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "core/files.h"
#include "tokenizers/wordpiece.h"

namespace sentence_transformers {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// The files beside each other in a folder; each may be missing.
struct Files {
  fs::path folder;
  InnerObject vocabulary{"model", "vocab"};  // tokenizer.json's, which is most of it
  std::optional<Config> tokenizer, settings, special_tokens, model;

  explicit Files(const fs::path& path)
      : folder(path),
        tokenizer(read("tokenizer.json", &vocabulary)),
        settings(read("tokenizer_config.json")),
        special_tokens(read("special_tokens_map.json")),
        model(read("config.json")) {}

  std::optional<Config> read(const char* name, InnerObject* apart = nullptr) const {
    if (!fs::exists(folder / name)) return std::nullopt;
    return Config::read(folder / name, apart);
  }

  /// Does transformers build a BertTokenizer? Without a class it goes by the model's type.
  bool is_bert() const {
    const auto name = settings ? settings->find<std::string>("tokenizer_class") : std::nullopt;
    if (name) {
      return *name == "BertTokenizer" || *name == "BertTokenizerFast" ||
             *name == "DistilBertTokenizer" || *name == "DistilBertTokenizerFast";
    }
    const auto type = model ? model->find<std::string>("model_type") : std::nullopt;
    return type ? *type == "bert" : !tokenizer;
  }

  /// A special token such as "unk_token", which is a string or an object with "content".
  /// special_tokens_map.json is of the time before added_tokens_decoder, and counts where that is
  /// missing.
  std::string special_token(const char* key, const char* fallback) const {
    const bool old = !settings || !settings->has("added_tokens_decoder");
    for (const auto* config : {old ? &special_tokens : &settings, &settings}) {
      if (!*config || !(*config)->has(key)) continue;
      const json& value = (*config)->json()[key];
      return value.is_object() ? (*config)->at(key).require<std::string>("content")
                               : (*config)->require<std::string>(key);
    }
    return fallback;
  }
};

Vocabulary read_vocab_txt(const fs::path& path) {
  Vocabulary vocabulary;
  const std::string text = read_file(path);
  std::map<std::string, int64_t> place;  // of a repeated token the last line counts, as in Python
  for (size_t start = 0; start < text.size();) {
    size_t end = std::min(text.find('\n', start), text.size());
    std::string token = text.substr(start, end - start);
    start = end + 1;
    token.erase(token.find_last_not_of(" \t\r\v\f") + 1);
    const auto line = static_cast<int64_t>(vocabulary.size());
    vocabulary.emplace_back(std::move(token), line);
  }
  for (const auto& [token, id] : vocabulary) place[token] = id;
  for (auto& [token, id] : vocabulary) {
    if (place[token] != id) token.clear();
  }
  return vocabulary;
}

/// tokenizer.json's. Of a repeated token the last id counts, as in Python.
Vocabulary read_json_vocabulary(const Config& model, InnerObject& object) {
  const Config vocab = model.at("vocab");
  Vocabulary vocabulary;
  vocabulary.reserve(object.members.size());
  for (auto& [token, id] : object.members) {
    if (!id.is_number_integer() || id.get<int64_t>() < 0 || id.get<int64_t>() > INT32_MAX) {
      throw LoadError("[Tokenizer] " + vocab.name(token) + ": expected an id, found " +
                      (id.is_null() ? "something else" : id.dump()));
    }
    vocabulary.emplace_back(std::move(token), id.get<int64_t>());
  }
  object.members.clear();
  return vocabulary;
}

std::optional<int64_t> find_token(const Vocabulary& vocabulary, const std::string& token) {
  const auto found = std::find_if(vocabulary.rbegin(), vocabulary.rend(),
                                  [&](const auto& entry) { return entry.first == token; });
  return found == vocabulary.rend() ? std::nullopt : std::optional<int64_t>(found->second);
}

AddedToken read_added_token(const Config& entry, int64_t id) {
  return {.content = entry.require<std::string>("content"),
          .id = id,
          .special = entry.get<bool>("special", false),
          .normalized = entry.get<bool>("normalized", true),
          .lstrip = entry.get<bool>("lstrip", false),
          .rstrip = entry.get<bool>("rstrip", false),
          .single_word = entry.get<bool>("single_word", false)};
}

std::vector<AddedToken> read_added_tokens(const Config& tokenizer) {
  std::vector<AddedToken> tokens;
  if (!tokenizer.has("added_tokens")) return tokens;
  const json& list = tokenizer.json()["added_tokens"];
  if (!list.is_array()) {
    throw LoadError("[Tokenizer] " + tokenizer.name("added_tokens") + ": expected a list");
  }
  for (size_t i = 0; i < list.size(); ++i) {
    const Config entry(list[i], tokenizer.file(), "added_tokens[" + std::to_string(i) + "]");
    tokens.push_back(read_added_token(entry, entry.require_at_least("id", 0)));
  }
  return tokens;
}

/// The oldest list, added_tokens.json: {"token": id}.
std::vector<AddedToken> read_added_tokens_json(const Files& files) {
  std::vector<AddedToken> tokens;
  const auto list = files.read("added_tokens.json");
  if (!list) return tokens;
  for (const auto& [token, id] : list->json().items()) {
    tokens.push_back({.content = token, .id = list->require<int64_t>(token), .normalized = true});
  }
  return tokens;
}

/// tokenizer_config.json's newer list of the same, by id.
std::vector<AddedToken> read_added_tokens_decoder(const Config& settings) {
  std::map<int64_t, AddedToken> found;
  const Config decoder = settings.at("added_tokens_decoder");
  for (const auto& [key, value] : decoder.json().items()) {
    int64_t id = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
    if (error != std::errc() || end != key.data() + key.size() || id < 0) {
      throw LoadError("[Tokenizer] " + decoder.name(key) + ": expected an id as key");
    }
    found[id] = read_added_token(decoder.at(key), id);
  }
  std::vector<AddedToken> tokens;
  for (auto& [id, token] : found) tokens.push_back(std::move(token));
  return tokens;
}

/// An id of a post-processor, which must be one of the tokens.
int64_t check_id(const json& id, int64_t vocab_size, const std::string& name) {
  if (id.is_number_integer() && id >= 0 && id < vocab_size) return id.get<int64_t>();
  throw LoadError("[Tokenizer] " + name + ": expected an id from 0 to " +
                  std::to_string(vocab_size - 1) + ", found " + id.dump());
}

int64_t read_type_id(const Config& piece) {
  const auto type_id = piece.get<int64_t>("type_id", 0);
  if (type_id == 0 || type_id == 1) return type_id;
  throw LoadError("[Tokenizer] " + piece.name("type_id") + ": expected 0 or 1, found " +
                  std::to_string(type_id));
}

/// TemplateProcessing's "single" or "pair".
std::vector<TemplatePiece> read_template(const Config& processor, const char* key,
                                         int64_t vocab_size) {
  std::vector<TemplatePiece> pieces;
  const json list = processor.json().value(key, json());
  if (!list.is_array()) throw LoadError("[Tokenizer] " + processor.name(key) + ": expected a list");
  for (size_t i = 0; i < list.size(); ++i) {
    const Config piece(list[i], processor.file(), std::string(key) + "[" + std::to_string(i) + "]");
    if (piece.has("Sequence")) {
      const Config sequence = piece.at("Sequence");
      pieces.push_back({sequence.require<std::string>("id") == "A" ? TemplatePiece::first
                                                                   : TemplatePiece::second,
                        0, read_type_id(sequence)});
      continue;
    }
    const Config special = piece.at("SpecialToken");
    const Config known = processor.at("special_tokens").at(special.require<std::string>("id"));
    const json ids = known.json().value("ids", json());
    if (!ids.is_array() || ids.empty()) {
      throw LoadError("[Tokenizer] " + known.name("ids") + ": expected a list of ids");
    }
    for (const json& id : ids) {
      pieces.push_back({TemplatePiece::special, check_id(id, vocab_size, known.name("ids")),
                        read_type_id(special)});
    }
  }
  return pieces;
}

/// [CLS] A [SEP] and [CLS] A [SEP] B [SEP].
Template bert_template(int64_t cls, int64_t sep) {
  using P = TemplatePiece;
  return {.single = {{P::special, cls, 0}, {P::first, 0, 0}, {P::special, sep, 0}},
          .pair = {{P::special, cls, 0},
                   {P::first, 0, 0},
                   {P::special, sep, 0},
                   {P::second, 0, 1},
                   {P::special, sep, 1}}};
}

/// BertProcessing's ["[SEP]", 102].
int64_t read_processor_id(const Config& processor, const char* key, int64_t vocab_size) {
  const json value = processor.json().value(key, json());
  if (!value.is_array() || value.size() != 2) {
    throw LoadError("[Tokenizer] " + processor.name(key) + ": expected [token, id], found " +
                    value.dump());
  }
  return check_id(value[1], vocab_size, processor.name(key));
}

Template read_post_processor(const Config& tokenizer, int64_t vocab_size) {
  using P = TemplatePiece;
  if (!tokenizer.has("post_processor")) {
    return {.single = {{P::first, 0, 0}}, .pair = {{P::first, 0, 0}, {P::second, 0, 1}}};
  }
  const Config processor = tokenizer.at("post_processor");
  const auto type = processor.require<std::string>("type");
  if (type == "TemplateProcessing") {
    return {.single = read_template(processor, "single", vocab_size),
            .pair = read_template(processor, "pair", vocab_size)};
  }
  if (type == "BertProcessing") {
    return bert_template(read_processor_id(processor, "cls", vocab_size),
                         read_processor_id(processor, "sep", vocab_size));
  }
  throw UnsupportedError("[Tokenizer] " + processor.name("type") + " is \"" + type +
                         "\"; known: BertProcessing, TemplateProcessing");
}

void require_type(const Config& tokenizer, const char* key, const char* known) {
  const std::string type = tokenizer.has(key) ? tokenizer.at(key).require<std::string>("type") : "";
  if (type != known) {
    throw UnsupportedError("[Tokenizer] " + tokenizer.name(key) + " is a \"" + type +
                           "\"; known here: " + known);
  }
}

/// What transformers' BertTokenizer takes from tokenizer_config.json, with its defaults.
BertTextOptions bert_text_from_settings(const std::optional<Config>& settings) {
  if (!settings) return {};
  return {.handle_chinese_chars = settings->get<bool>("tokenize_chinese_chars", true),
          .lowercase = settings->get<bool>("do_lower_case", true),
          .strip_accents = settings->find<bool>("strip_accents")};
}

void add_lowercase(BertTextOptions& text) {
  text.strip_accents = text.strips_accents();
  text.lowercase = true;
}

int64_t require_token(const Vocabulary& vocabulary, const std::string& token, const char* role,
                      const fs::path& file) {
  if (const auto id = find_token(vocabulary, token)) return *id;
  throw LoadError("[Tokenizer] " + file.string() + ": the vocabulary lacks the " + role + " \"" +
                  token + "\"");
}

/// tokenizer.json's model, which must be a WordPiece.
Config wordpiece_model(const Config& tokenizer) {
  const Config model = tokenizer.at("model");
  const auto type = model.get<std::string>("type", "WordPiece");
  if (type == "WordPiece") return model;
  throw UnsupportedError("[Tokenizer] " + model.name("type") + " is \"" + type +
                         "\"; known: WordPiece");
}

/// As transformers' BertTokenizer: the vocabulary from tokenizer.json or vocab.txt, everything else
/// rebuilt.
TokenizerParts read_bert(Files& files, bool do_lower_case) {
  TokenizerParts parts;
  const fs::path source = files.tokenizer ? files.tokenizer->file() : files.folder / "vocab.txt";
  parts.vocabulary = files.tokenizer
                         ? read_json_vocabulary(wordpiece_model(*files.tokenizer), files.vocabulary)
                         : read_vocab_txt(source);
  if (files.settings && files.settings->has("added_tokens_decoder")) {
    parts.added_tokens = read_added_tokens_decoder(*files.settings);
  } else {
    parts.added_tokens = read_added_tokens_json(files);
    if (files.tokenizer) {
      for (AddedToken& token : read_added_tokens(*files.tokenizer)) {
        const auto same_id = [&](const AddedToken& old) { return old.id == token.id; };
        std::erase_if(parts.added_tokens, same_id);
        parts.added_tokens.push_back(std::move(token));
      }
    }
  }

  // The named tokens count as added ones too; an added token's id is its place in the vocabulary,
  // else the next free one.
  std::map<std::string, std::string> named;
  for (const auto& [key, fallback] : {std::pair{"unk_token", "[UNK]"},
                                      {"cls_token", "[CLS]"},
                                      {"sep_token", "[SEP]"},
                                      {"pad_token", "[PAD]"},
                                      {"mask_token", "[MASK]"}}) {
    const std::string token = named[key] = files.special_token(key, fallback);
    const auto same = [&](const AddedToken& added) { return added.content == token; };
    const bool optional = key == std::string("pad_token") || key == std::string("mask_token");
    if (!optional) require_token(parts.vocabulary, token, key, source);
    if (std::none_of(parts.added_tokens.begin(), parts.added_tokens.end(), same) &&
        find_token(parts.vocabulary, token)) {
      parts.added_tokens.push_back({.content = token, .special = true});
    }
  }
  int64_t next = 0;
  for (const auto& [token, id] : parts.vocabulary) next = std::max(next, id + 1);
  for (AddedToken& added : parts.added_tokens) {
    const auto known = find_token(parts.vocabulary, added.content);
    added.id = known ? *known : next++;
  }

  const auto id = [&](const char* key) { return *find_token(parts.vocabulary, named[key]); };
  parts.post_processor = bert_template(id("cls_token"), id("sep_token"));
  WordPieceOptions options{.text = bert_text_from_settings(files.settings),
                           .unk_id = id("unk_token")};
  if (do_lower_case) add_lowercase(options.text);
  parts.pipeline = make_wordpiece(options, parts.vocabulary);
  return parts;
}

/// tokenizer.json as it stands.
TokenizerParts read_tokenizer_json(Files& files, bool do_lower_case) {
  const Config& tokenizer = *files.tokenizer;
  const Config model = wordpiece_model(tokenizer);
  require_type(tokenizer, "normalizer", "BertNormalizer");
  require_type(tokenizer, "pre_tokenizer", "BertPreTokenizer");
  TokenizerParts parts;
  parts.vocabulary = read_json_vocabulary(model, files.vocabulary);
  parts.added_tokens = read_added_tokens(tokenizer);
  int64_t vocab_size = 0;
  for (const auto& [token, id] : parts.vocabulary) vocab_size = std::max(vocab_size, id + 1);
  for (const auto& token : parts.added_tokens) {
    vocab_size = std::max(vocab_size, std::min(token.id, INT64_MAX - 1) + 1);
  }
  parts.post_processor = read_post_processor(tokenizer, vocab_size);

  const Config normalizer = tokenizer.at("normalizer");
  WordPieceOptions options{
      .text = {.clean_text = normalizer.get<bool>("clean_text", true),
               .handle_chinese_chars = normalizer.get<bool>("handle_chinese_chars", true),
               .lowercase = normalizer.get<bool>("lowercase", true),
               .strip_accents = normalizer.find<bool>("strip_accents")},
      .continuing_subword_prefix = model.get<std::string>("continuing_subword_prefix", "##"),
      .max_input_chars_per_word = model.get<int64_t>("max_input_chars_per_word", 100),
      .unk_id = require_token(parts.vocabulary, model.get<std::string>("unk_token", "[UNK]"),
                              "unk_token", tokenizer.file())};
  if (tokenizer.has("decoder")) {
    options.clean_up_when_decoding = tokenizer.at("decoder").get<bool>("cleanup", true);
  }
  if (do_lower_case) add_lowercase(options.text);
  parts.pipeline = make_wordpiece(options, parts.vocabulary);
  return parts;
}

/// transformers writes about 1e30 for "no limit".
std::optional<int64_t> read_model_max_length(const std::optional<Config>& settings) {
  constexpr double kNoLimit = 1e9;
  const auto value = settings ? settings->find<double>("model_max_length") : std::nullopt;
  if (!value || !(*value >= 1 && *value < kNoLimit)) return std::nullopt;
  return static_cast<int64_t>(*value);
}

}  // namespace

TokenizerParts read_tokenizer_files(const fs::path& folder, bool do_lower_case) {
  Files files(folder);
  if (!files.tokenizer && !fs::exists(folder / "vocab.txt")) {
    throw LoadError("[Tokenizer] " + folder.string() +
                    ": expected tokenizer.json or vocab.txt, found neither");
  }
  TokenizerParts parts = files.is_bert() || !files.tokenizer
                             ? read_bert(files, do_lower_case)
                             : read_tokenizer_json(files, do_lower_case);
  parts.model_max_length = read_model_max_length(files.settings);
  return parts;
}

}  // namespace sentence_transformers
