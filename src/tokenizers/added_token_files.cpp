#include "tokenizers/added_token_files.h"

#include <sentence_transformers/error.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "tokenizers/stage_table.h"

namespace sentence_transformers {
namespace {

using nlohmann::json;

/// A token as a file gives it. Without a word on it, special ones are looked for in the raw text.
struct ListedToken {
  AddedToken token;
  std::optional<bool> normalized;
};

ListedToken read_token(const Config& entry) {
  return {.token = {.content = entry.require<std::string>("content"),
                    .special = entry.get<bool>("special", false),
                    .lstrip = entry.get<bool>("lstrip", false),
                    .rstrip = entry.get<bool>("rstrip", false),
                    .single_word = entry.get<bool>("single_word", false)},
          .normalized = entry.find<bool>("normalized")};
}

ListedToken plain_special(const std::string& content, bool lstrip = false) {
  return {.token = {.content = content, .special = true, .lstrip = lstrip}, .normalized = {}};
}

using ById = std::map<int64_t, ListedToken>;

/// tokenizer.json's "added_tokens", in their order.
std::vector<std::pair<int64_t, ListedToken>> read_tokenizer_list(const Config& tokenizer) {
  std::vector<std::pair<int64_t, ListedToken>> tokens;
  if (!tokenizer.has("added_tokens")) return tokens;
  for (const Config& entry : read_stages(tokenizer, "added_tokens")) {
    ListedToken token = read_token(entry);
    token.normalized = token.normalized.value_or(true);
    tokens.emplace_back(entry.require_at_least("id", 0), std::move(token));
  }
  return tokens;
}

/// tokenizer_config.json's "added_tokens_decoder".
ById read_decoder_list(const Config& settings) {
  ById found;
  const Config decoder = settings.at("added_tokens_decoder");
  for (const auto& [key, value] : decoder.json().items()) {
    int64_t id = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
    if (error != std::errc() || end != key.data() + key.size() || id < 0) {
      throw LoadError("[Tokenizer] " + decoder.name(key) + ": expected an id as key");
    }
    found[id] = read_token(decoder.at(key));
  }
  return found;
}

/// Named and other special tokens of the configuration files.
struct SpecialTokens {
  std::vector<std::pair<std::string, ListedToken>> named;
  std::vector<ListedToken> others;

  bool has_name(const std::string& name) const {
    return std::any_of(named.begin(), named.end(), [&](const auto& n) { return n.first == name; });
  }
  bool has(const std::string& content) const {
    const auto same = [&](const ListedToken& t) { return t.token.content == content; };
    return std::any_of(named.begin(), named.end(), [&](const auto& n) { return same(n.second); }) ||
           std::any_of(others.begin(), others.end(), same);
  }
};

/// The value of a key, a string or an object.
ListedToken read_special(const Config& config, const std::string& key) {
  if (!config.json()[key].is_object()) return plain_special(config.require<std::string>(key));
  return read_token(config.at(key));
}

constexpr const char* kNames[] = {"bos_token", "eos_token", "unk_token", "sep_token",
                                  "pad_token", "cls_token", "mask_token"};

/// The lists under a key such as "extra_special_tokens", or nothing.
void read_others(const Config& config, const std::string& key, SpecialTokens& specials) {
  const json& list = config.json()[key];
  if (list.is_object()) {
    const Config named = config.at(key);
    for (const auto& [name, value] : list.items()) {
      specials.named.emplace_back(name, read_special(named, name));
    }
    return;
  }
  if (!list.is_array()) throw LoadError("[Tokenizer] " + config.name(key) + ": expected a list");
  for (size_t i = 0; i < list.size(); ++i) {
    const std::string place = key + "[" + std::to_string(i) + "]";
    const Config holder({{place, list[i]}}, config.file());
    specials.others.push_back(read_special(holder, place));
  }
}

/// special_tokens_map.json is of the time before added_tokens_decoder; it counts where that is
/// missing, and wins there.
SpecialTokens read_specials(const TokenizerFolder& folder, const AddedTokenRules& rules) {
  SpecialTokens specials;
  const bool old = !folder.settings || !folder.settings->has("added_tokens_decoder");
  const auto* first = old && folder.special_tokens ? &*folder.special_tokens : nullptr;
  const auto* second = folder.settings ? &*folder.settings : nullptr;
  for (const std::string name : kNames) {
    const auto fallback = std::find_if(rules.defaults.begin(), rules.defaults.end(),
                                       [&](const NamedToken& t) { return t.name == name; });
    const bool is_default = fallback != rules.defaults.end();
    const auto* given = first && first->has(name)     ? first
                        : second && second->has(name) ? second
                                                      : nullptr;
    if (given) {
      specials.named.emplace_back(name, read_special(*given, name));
      const bool plain = given->json()[name].is_string();
      if (plain && is_default) specials.named.back().second.token.lstrip = fallback->lstrip;
    } else if (is_default) {
      specials.named.emplace_back(name,
                                  plain_special(std::string(fallback->content), fallback->lstrip));
    }
  }
  if (rules.keeps_file && folder.tokenizer && folder.tokenizer->has("padding") &&
      !specials.has_name("pad_token")) {
    const Config padding = folder.tokenizer->at("padding");
    if (padding.has("pad_token"))
      specials.named.emplace_back("pad_token", read_special(padding, "pad_token"));
  }
  bool listed = false;
  for (const auto* config : {second, first}) {
    if (!config) continue;
    for (const char* key : {"extra_special_tokens", "additional_special_tokens"}) {
      listed = listed || config->json().contains(key);
    }
    for (const auto& [name, value] : config->json().items()) {
      if (name.ends_with("_token") && value.is_string() && !specials.has_name(name)) {
        specials.named.emplace_back(name, read_special(*config, name));
      }
    }
    const bool extra =
        config->has("extra_special_tokens") && !config->json()["extra_special_tokens"].empty();
    if (extra) read_others(*config, "extra_special_tokens", specials);
    if (!extra && specials.others.empty() && config->has("additional_special_tokens")) {
      read_others(*config, "additional_special_tokens", specials);
    }
  }
  if (!listed) {
    for (const AddedToken& token : rules.others) {
      specials.others.push_back({.token = token, .normalized = token.normalized});
    }
  }
  return specials;
}

/// Adds tokens one by one, as tokenizers' AddedVocabulary does.
class Assigner {
 public:
  explicit Assigner(const TokenIndex& vocabulary) : vocabulary_(vocabulary) {}

  bool has(const std::string& content) const { return places_.count(content) > 0; }

  /// Is the token there with the same flags?
  bool has(const ListedToken& listed) const {
    const auto place = places_.find(listed.token.content);
    if (place == places_.end()) return false;
    const AddedToken &old = tokens_[place->second], &token = listed.token;
    return old.special == token.special &&
           old.normalized == listed.normalized.value_or(!token.special) &&
           old.lstrip == token.lstrip && old.rstrip == token.rstrip &&
           old.single_word == token.single_word;
  }

  /// A token that is there already gets the new flags, but stays special.
  void add(const ListedToken& listed) {
    AddedToken token = listed.token;
    if (token.content.empty()) return;
    token.normalized = listed.normalized.value_or(!token.special);
    const auto [place, is_new] = places_.try_emplace(token.content, tokens_.size());
    if (!is_new) {
      token.id = tokens_[place->second].id;
      token.special = token.special || tokens_[place->second].special;
      tokens_[place->second] = std::move(token);
      return;
    }
    const auto known = vocabulary_.find(token.content);
    const auto count = static_cast<int64_t>(vocabulary_.size());
    token.id = known != vocabulary_.end() ? known->second : std::max(count, highest_ + 1);
    highest_ = std::max(highest_, token.id);
    tokens_.push_back(std::move(token));
  }

  std::vector<AddedToken> take() { return std::move(tokens_); }

 private:
  const TokenIndex& vocabulary_;
  std::vector<AddedToken> tokens_;
  std::map<std::string, size_t> places_;
  int64_t highest_ = -1;
};

/// The tokens that the files list, by id, with special_tokens_map.json's word on what is special.
ById read_listed(const TokenizerFolder& folder, const SpecialTokens& specials) {
  if (folder.settings && folder.settings->has("added_tokens_decoder")) {
    return read_decoder_list(*folder.settings);
  }
  ById listed;
  if (const auto file = folder.read("added_tokens.json")) {
    for (const auto& [content, id] : file->json().items()) {
      const bool special = specials.has(content);
      listed[file->require<int64_t>(content)] = {.token = {.content = content, .special = special},
                                                 .normalized = !special};
    }
  }
  if (folder.tokenizer) {
    for (auto& [id, token] : read_tokenizer_list(*folder.tokenizer)) listed[id] = std::move(token);
  }
  return listed;
}

}  // namespace

std::optional<std::string> AddedTokenList::content(const std::string& name) const {
  const auto found = named.find(name);
  return found == named.end() ? std::nullopt : std::optional(found->second);
}

AddedTokenList read_added_tokens(const TokenizerFolder& folder, const AddedTokenRules& rules,
                                 const TokenIndex& vocabulary) {
  const SpecialTokens specials = read_specials(folder, rules);
  Assigner assigner(vocabulary);
  if (rules.keeps_file && folder.tokenizer) {
    for (const auto& [id, token] : read_tokenizer_list(*folder.tokenizer)) assigner.add(token);
  }
  const auto is_named = [&](const std::string& content) {
    return std::any_of(specials.named.begin(), specials.named.end(),
                       [&](const auto& named) { return named.second.token.content == content; });
  };
  for (auto& [id, token] : read_listed(folder, specials)) {
    if (assigner.has(token)) continue;
    token.token.special = token.token.special || is_named(token.token.content);
    assigner.add(token);
  }
  AddedTokenList list;
  for (const auto& [name, listed] : specials.named) {
    ListedToken token = listed;
    const std::string& content = token.token.content;
    list.named[name] = content;
    token.token.special = true;
    const bool known = !rules.only_known || vocabulary.count(content) > 0;
    if (!assigner.has(content) && known) assigner.add(token);
  }
  for (const ListedToken& token : specials.others) {
    if (!assigner.has(token.token.content)) assigner.add(token);
  }
  if (rules.adds_again) {
    for (const auto& [name, listed] : specials.named)
      assigner.add(plain_special(listed.token.content));
    for (const ListedToken& token : specials.others)
      assigner.add(plain_special(token.token.content));
  }
  list.tokens = assigner.take();
  return list;
}

}  // namespace sentence_transformers
