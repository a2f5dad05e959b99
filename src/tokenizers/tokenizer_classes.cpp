#include "tokenizers/tokenizer_classes.h"

#include <sentence_transformers/error.h>

#include "tokenizers/tokenizer_class_names.h"

namespace sentence_transformers {
namespace {

using nlohmann::json;

/// A setting that may be null.
json nullable(const TokenizerFolder& folder, const char* key) {
  const auto value = folder.settings ? folder.settings->find<bool>(key) : std::nullopt;
  return value ? json(*value) : json();
}

json bert_stages(const TokenizerFolder& folder) {
  return {{"normalizer",
           {{"type", "BertNormalizer"},
            {"clean_text", true},
            {"handle_chinese_chars", folder.setting("tokenize_chinese_chars", true)},
            {"strip_accents", nullable(folder, "strip_accents")},
            {"lowercase", folder.setting("do_lower_case", true)}}},
          {"pre_tokenizer", {{"type", "BertPreTokenizer"}}},
          {"decoder", {{"type", "WordPiece"}}},
          {"model", {{"type", "WordPiece"}}}};
}

/// GPT-2's bytes, cut by the pre-tokenizer itself.
json gpt2_stages(const TokenizerFolder& folder) {
  return {
      {"normalizer", nullptr},
      {"pre_tokenizer",
       {{"type", "ByteLevel"}, {"add_prefix_space", folder.setting("add_prefix_space", false)}}},
      {"decoder", {{"type", "ByteLevel"}}},
      {"model", {{"type", "BPE"}}}};
}

json gpt_neox_stages(const TokenizerFolder& folder) {
  json stages = gpt2_stages(folder);
  stages["normalizer"] = {{"type", "NFC"}};
  return stages;
}

/// The same bytes, cut by a regular expression.
json split_stages(const TokenizerFolder& folder, const char* regex) {
  json stages = gpt_neox_stages(folder);
  json bytes = stages["pre_tokenizer"];
  bytes["use_regex"] = false;
  const json split = {{"type", "Split"}, {"pattern", {{"Regex", regex}}}, {"behavior", "Isolated"}};
  stages["pre_tokenizer"] = {{"type", "Sequence"}, {"pretokenizers", {split, bytes}}};
  return stages;
}

json qwen2_stages(const TokenizerFolder& folder) {
  return split_stages(
      folder,
      R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)");
}

json qwen3_5_stages(const TokenizerFolder& folder) {
  return split_stages(
      folder,
      R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)");
}

constexpr NamedToken kBertTokens[] = {{"unk_token", "[UNK]"},
                                      {"sep_token", "[SEP]"},
                                      {"pad_token", "[PAD]"},
                                      {"cls_token", "[CLS]"},
                                      {"mask_token", "[MASK]"}};
constexpr NamedToken kRobertaTokens[] = {
    {"bos_token", "<s>"},   {"eos_token", "</s>"}, {"unk_token", "<unk>"},  {"sep_token", "</s>"},
    {"pad_token", "<pad>"}, {"cls_token", "<s>"},  {"mask_token", "<mask>"}};
constexpr NamedToken kMpnetTokens[] = {{"bos_token", "<s>"},          {"eos_token", "</s>"},
                                       {"unk_token", "[UNK]"},        {"sep_token", "</s>"},
                                       {"pad_token", "<pad>"},        {"cls_token", "<s>"},
                                       {"mask_token", "<mask>", true}};
constexpr NamedToken kGpt2Tokens[] = {
    {"bos_token", "<|endoftext|>"}, {"eos_token", "<|endoftext|>"}, {"unk_token", "<|endoftext|>"}};
constexpr NamedToken kGptNeoxTokens[] = {{"bos_token", "<|endoftext|>"},
                                         {"eos_token", "<|endoftext|>"},
                                         {"unk_token", "<|endoftext|>"},
                                         {"pad_token", "<|padding|>"}};
constexpr NamedToken kQwenTokens[] = {
    {"eos_token", "<|endoftext|>"}, {"unk_token", "<|endoftext|>"}, {"pad_token", "<|endoftext|>"}};

/// One row a class.
constexpr TokenizerClass kClasses[] = {
    {"BertTokenizer",
     "WordPiece",
     ClassTemplate::bert,
     {.defaults = kBertTokens, .only_known = true},
     bert_stages},
    {"GPT2Tokenizer", "BPE", ClassTemplate::file, {.defaults = kGpt2Tokens}, gpt2_stages},
    {"GPTNeoXTokenizer", "BPE", ClassTemplate::ends, {.defaults = kGptNeoxTokens}, gpt_neox_stages},
    {"MPNetTokenizer",
     "WordPiece",
     ClassTemplate::roberta,
     {.defaults = kMpnetTokens},
     bert_stages},
    {"Qwen2Tokenizer",
     "BPE",
     ClassTemplate::file,
     {.defaults = kQwenTokens, .adds_again = true},
     qwen2_stages},
    {"Qwen3_5Tokenizer",
     "BPE",
     ClassTemplate::file,
     {.defaults = kQwenTokens, .adds_again = true},
     qwen3_5_stages},
    {"RobertaTokenizer", "BPE", ClassTemplate::roberta, {.defaults = kRobertaTokens}, gpt2_stages},
};

const TokenizerClass* class_of_name(std::string_view name) {
  for (const TokenizerClass& row : kClasses) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

}  // namespace

const TokenizerClass* find_tokenizer_class(const TokenizerFolder& folder) {
  const ClassName chosen = choose_class_name(folder);
  if (chosen.is_other) {
    std::string known;
    for (const TokenizerClass& row : kClasses) known += std::string(row.name) + ", ";
    throw UnsupportedError("[Tokenizer] " + chosen.said_by + " asks for " + chosen.name +
                           "; known: " + known +
                           "and tokenizer.json as it stands (PreTrainedTokenizerFast)");
  }
  if (const TokenizerClass* found = class_of_name(chosen.name)) return found;
  if (folder.tokenizer) return nullptr;
  return folder.has("vocab.txt") ? class_of_name("BertTokenizer") : nullptr;
}

}  // namespace sentence_transformers
