#include "tokenizers/sentencepiece_classes.h"

#include <algorithm>
#include <span>

namespace sentence_transformers {
namespace {

using nlohmann::json;

/// The first Precompiled of tokenizer.json, or the sentencepiece file's character map; else null.
json character_map(const TokenizerFolder& folder) {
  if (folder.sentencepiece) {
    const std::string& map = folder.sentencepiece->character_map;
    if (map.empty()) return nullptr;
    return {{"type", "Precompiled"},
            {"precompiled_charsmap", json::binary({map.begin(), map.end()})}};
  }
  if (!folder.tokenizer || !folder.tokenizer->has("normalizer")) return nullptr;
  const auto is_map = [](const json& stage) {
    return stage.is_object() && stage.value("type", json()) == "Precompiled";
  };
  const json& normalizer = folder.tokenizer->json()["normalizer"];
  if (is_map(normalizer)) return normalizer;
  const auto members = normalizer.find("normalizers");
  if (members == normalizer.end() || !members->is_array()) return nullptr;
  const auto found = std::find_if(members->begin(), members->end(), is_map);
  return found == members->end() ? json() : *found;
}

json metaspace(const char* scheme) {
  return {{"type", "Metaspace"}, {"replacement", "\u2581"}, {"prepend_scheme", scheme}};
}

/// Words, each behind a visible space if `prefixed`.
json stages_of_words(json normalizer, json model, bool prefixed) {
  const json space = metaspace(prefixed ? "always" : "never");
  model["type"] = "Unigram";
  return {{"normalizer", std::move(normalizer)},
          {"pre_tokenizer",
           {{"type", "Sequence"}, {"pretokenizers", {{{"type", "WhitespaceSplit"}}, space}}}},
          {"decoder", space},
          {"model", std::move(model)}};
}

bool adds_space(const TokenizerFolder& folder) { return folder.setting("add_prefix_space", true); }

/// What the settings say that a token's text is.
std::string token_text(const TokenizerFolder& folder, const char* name, std::string fallback) {
  if (!folder.settings || !folder.settings->has(name)) return fallback;
  if (!folder.settings->json()[name].is_object()) return folder.setting(name, fallback);
  return folder.settings->at(name).require<std::string>("content");
}

void add_pieces(const TokenizerFolder& folder, size_t from, UnigramVocabulary& vocabulary) {
  const auto& pieces = folder.sentencepiece->pieces;
  for (size_t i = from; i < pieces.size(); ++i) vocabulary.add(pieces[i].text, pieces[i].score);
}

std::string extra_id(int64_t number) { return "<extra_id_" + std::to_string(number) + ">"; }

int64_t count_extra_ids(const TokenizerFolder& folder) {
  constexpr int64_t kUsual = 100;
  return folder.settings ? folder.settings->get_at_least("extra_ids", kUsual, 0) : kUsual;
}

constexpr const char* kLanguages[] = {
    "ar_AR", "cs_CZ", "de_DE", "en_XX", "es_XX", "et_EE", "fi_FI", "fr_XX", "gu_IN", "hi_IN",
    "it_IT", "ja_XX", "kk_KZ", "ko_KR", "lt_LT", "lv_LV", "my_MM", "ne_NP", "nl_XX", "ro_RO",
    "ru_RU", "si_LK", "tr_TR", "vi_VN", "zh_CN",
    // From here on, mBART-50's.
    "af_ZA", "az_AZ", "bn_IN", "fa_IR", "he_IL", "hr_HR", "id_ID", "ka_GE", "km_KH", "mk_MK",
    "ml_IN", "mn_MN", "mr_IN", "pl_PL", "ps_AF", "pt_XX", "sv_SE", "sw_KE", "ta_IN", "te_IN",
    "th_TH", "tl_XX", "uk_UA", "ur_PK", "xh_ZA", "gl_ES", "sl_SI"};
constexpr std::span<const char* const> kMBart50Languages(kLanguages);
constexpr std::span<const char* const> kMBartLanguages = kMBart50Languages.first(25);

/// The order of XLM-R, with languages in front of the last token.
UnigramVocabulary arrange_with_languages(const TokenizerFolder& folder, const char* first_token,
                                         std::span<const char* const> languages) {
  UnigramVocabulary vocabulary;
  vocabulary.add(token_text(folder, first_token, "<s>"), 0);
  vocabulary.add(token_text(folder, "pad_token", "<pad>"), 0);
  vocabulary.add(token_text(folder, "eos_token", "</s>"), 0);
  vocabulary.add(token_text(folder, "unk_token", "<unk>"), 0);
  add_pieces(folder, 3, vocabulary);
  for (const char* language : languages) vocabulary.add(language, 0);
  vocabulary.add(token_text(folder, "mask_token", "<mask>"), 0);
  return vocabulary;
}

AddedToken special(std::string content) { return {.content = std::move(content), .special = true}; }

std::vector<AddedToken> language_specials(const TokenizerFolder& folder,
                                          std::span<const char* const> languages) {
  std::vector<AddedToken> tokens = sentencepiece_specials(folder);
  for (const char* language : languages) tokens.push_back(special(language));
  return tokens;
}

/// One space for several and for other white space, NFC, and none at the end.
json plain_normalizers() {
  return {{{"type", "Replace"}, {"pattern", {{"Regex", R"(\s{2,}|[\n\r\t])"}}}, {"content", " "}},
          {{"type", "NFC"}},
          {{"type", "Strip"}, {"strip_left", false}, {"strip_right", true}}};
}

}  // namespace

json albert_stages(const TokenizerFolder& folder) {
  const auto quotes = [](const char* from) -> json {
    return {{"type", "Replace"}, {"pattern", {{"String", from}}}, {"content", "\""}};
  };
  json members = {quotes("``"), quotes("''")};
  if (!folder.setting("keep_accents", false)) {
    members.push_back({{"type", "NFKD"}});
    members.push_back({{"type", "StripAccents"}});
  }
  if (folder.setting("do_lower_case", true)) members.push_back({{"type", "Lowercase"}});
  if (json map = character_map(folder); !map.is_null()) members.push_back(std::move(map));
  return stages_of_words({{"type", "Sequence"}, {"normalizers", std::move(members)}},
                         {{"unk_id", 1}}, adds_space(folder));
}

json barthez_stages(const TokenizerFolder& folder) {
  const json space = metaspace(adds_space(folder) ? "always" : "never");
  return {{"normalizer", {{"type", "Sequence"}, {"normalizers", plain_normalizers()}}},
          {"pre_tokenizer", space},
          {"decoder", space},
          {"model", {{"type", "Unigram"}, {"unk_id", 3}}}};
}

json camembert_stages(const TokenizerFolder& folder) {
  return stages_of_words(character_map(folder), {{"unk_id", nullptr}}, adds_space(folder));
}

json deberta_v2_stages(const TokenizerFolder& folder) {
  json normalizers = plain_normalizers(), words = json::array();
  if (folder.setting("do_lower_case", false)) {
    normalizers.insert(normalizers.begin(), {{"type", "Lowercase"}});
  }
  if (folder.setting("split_by_punct", false)) {
    words.push_back({{"type", "Punctuation"}, {"behavior", "Isolated"}});
  }
  const json space = metaspace(adds_space(folder) ? "always" : "first");
  words.push_back(space);
  return {{"normalizer", {{"type", "Sequence"}, {"normalizers", std::move(normalizers)}}},
          {"pre_tokenizer", {{"type", "Sequence"}, {"pretokenizers", std::move(words)}}},
          {"decoder", space},
          {"model", {{"type", "Unigram"}, {"unk_id", nullptr}}}};
}

json llama_stages(const TokenizerFolder& folder) {
  const json plain = {{"type", "Replace"}, {"pattern", {{"String", "\u2581"}}}, {"content", " "}};
  json decoders = {plain, {{"type", "ByteFallback"}}, {{"type", "Fuse"}}};
  const bool spaced = adds_space(folder);
  if (spaced) {
    decoders.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}});
  }
  const char* scheme = !spaced ? "never" : folder.setting("legacy", false) ? "always" : "first";
  json space = metaspace(scheme);
  space["split"] = false;
  return {{"normalizer", nullptr},
          {"pre_tokenizer", std::move(space)},
          {"decoder", {{"type", "Sequence"}, {"decoders", std::move(decoders)}}},
          {"model", {{"type", "BPE"}, {"fuse_unk", true}, {"byte_fallback", true}}}};
}

json mbart_stages(const TokenizerFolder&) {
  return stages_of_words(nullptr, {{"unk_id", 3}}, true);
}

json mbart50_stages(const TokenizerFolder& folder) {
  json normalizers = json::array();
  if (json map = character_map(folder); !map.is_null()) normalizers.push_back(std::move(map));
  normalizers.push_back({{"type", "Replace"}, {"pattern", {{"Regex", " {2,}"}}}, {"content", " "}});
  const json space = metaspace("always");
  return {{"normalizer", {{"type", "Sequence"}, {"normalizers", std::move(normalizers)}}},
          {"pre_tokenizer", space},
          {"decoder", space},
          {"model", {{"type", "Unigram"}, {"unk_id", 3}}}};
}

json t5_stages(const TokenizerFolder& folder) {
  return stages_of_words(character_map(folder), {{"unk_id", 2}}, true);
}

json xlm_roberta_stages(const TokenizerFolder& folder) {
  return stages_of_words(character_map(folder), {{"unk_id", 3}}, adds_space(folder));
}

UnigramVocabulary sentencepiece_in_order(const TokenizerFolder& folder) {
  UnigramVocabulary vocabulary;
  add_pieces(folder, 0, vocabulary);
  return vocabulary;
}

UnigramVocabulary arrange_camembert(const TokenizerFolder& folder) {
  UnigramVocabulary vocabulary;
  vocabulary.add("<s>NOTUSED", 0);
  vocabulary.add(token_text(folder, "pad_token", "<pad>"), 0);
  vocabulary.add("</s>NOTUSED", 0);
  vocabulary.add(token_text(folder, "unk_token", "<unk>"), 0);
  vocabulary.add("<unk>NOTUSED", -100);
  add_pieces(folder, 1, vocabulary);
  vocabulary.add(token_text(folder, "mask_token", "<mask>"), 0);
  return vocabulary;
}

UnigramVocabulary arrange_t5(const TokenizerFolder& folder) {
  UnigramVocabulary vocabulary = sentencepiece_in_order(folder);
  for (int64_t i = count_extra_ids(folder); i > 0; --i) vocabulary.add(extra_id(i - 1), 0);
  return vocabulary;
}

UnigramVocabulary arrange_mbart(const TokenizerFolder& folder) {
  return arrange_with_languages(folder, "bos_token", kMBartLanguages);
}

UnigramVocabulary arrange_mbart50(const TokenizerFolder& folder) {
  return arrange_with_languages(folder, "cls_token", kMBart50Languages);
}

UnigramVocabulary arrange_xlm_roberta(const TokenizerFolder& folder) {
  return arrange_with_languages(folder, "bos_token", {});
}

Merges merges_of_pieces(const Vocabulary& vocabulary, const TokenIndex& index) {
  Merges merges;
  for (const auto& [piece, id] : vocabulary) {
    for (size_t i = 1; i < piece.size(); ++i) {
      if ((piece[i] & 0xC0) == 0x80) continue;  // inside a character
      const std::string_view whole = piece, left = whole.substr(0, i), right = whole.substr(i);
      if (index.count(left) && index.count(right)) merges.emplace_back(left, right);
    }
  }
  return merges;
}

std::vector<AddedToken> sentencepiece_specials(const TokenizerFolder& folder) {
  std::vector<AddedToken> tokens;
  if (!folder.sentencepiece) return tokens;
  for (const SentencePiece& piece : folder.sentencepiece->pieces) {
    if (piece.type == SentencePiece::control) tokens.push_back(special(piece.text));
    if (piece.type == SentencePiece::user_defined) tokens.push_back({.content = piece.text});
  }
  return tokens;
}

std::vector<AddedToken> camembert_specials(const TokenizerFolder& folder) {
  if (folder.sentencepiece) return sentencepiece_specials(folder);
  return {special("<s>NOTUSED"), special("</s>NOTUSED"), special("<unk>NOTUSED")};
}

std::vector<AddedToken> t5_specials(const TokenizerFolder& folder) {
  std::vector<AddedToken> tokens = sentencepiece_specials(folder);
  const bool listed = std::any_of(tokens.begin(), tokens.end(), [](const AddedToken& token) {
    return token.content.find("<extra_id_") != std::string::npos;
  });
  const int64_t count = listed ? 0 : count_extra_ids(folder);
  for (int64_t i = 0; i < count; ++i) tokens.push_back(special(extra_id(i)));
  return tokens;
}

std::vector<AddedToken> mbart_specials(const TokenizerFolder& folder) {
  return language_specials(folder, kMBartLanguages);
}

std::vector<AddedToken> mbart50_specials(const TokenizerFolder& folder) {
  return language_specials(folder, kMBart50Languages);
}

}  // namespace sentence_transformers
