#include "tokenizers/tokenizer_classes.h"

#include <sentence_transformers/error.h>

#include "tokenizers/sentencepiece_classes.h"
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
          {"model", {{"type", "WordPiece"}, {"unk_token", nullptr}}}};
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

json gemma_stages(const TokenizerFolder&) {
  const json visible = {{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", "\u2581"}};
  const json plain = {{"type", "Replace"}, {"pattern", {{"String", "\u2581"}}}, {"content", " "}};
  return {{"normalizer", visible},
          {"pre_tokenizer",
           {{"type", "Split"}, {"pattern", {{"String", " "}}}, {"behavior", "MergedWithPrevious"}}},
          {"decoder",
           {{"type", "Sequence"},
            {"decoders", {plain, {{"type", "ByteFallback"}}, {{"type", "Fuse"}}}}}},
          {"model",
           {{"type", "BPE"}, {"unk_token", nullptr}, {"fuse_unk", true}, {"byte_fallback", true}}}};
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

constexpr NamedToken kAlbertTokens[] = {
    {"bos_token", "[CLS]"}, {"eos_token", "[SEP]"}, {"unk_token", "<unk>"},  {"sep_token", "[SEP]"},
    {"pad_token", "<pad>"}, {"cls_token", "[CLS]"}, {"mask_token", "[MASK]"}};
constexpr NamedToken kCamembertTokens[] = {{"bos_token", "<s>"},          {"eos_token", "</s>"},
                                           {"unk_token", "<unk>"},        {"sep_token", "</s>"},
                                           {"pad_token", "<pad>"},        {"cls_token", "<s>"},
                                           {"mask_token", "<mask>", true}};
constexpr NamedToken kDebertaV2Tokens[] = {
    {"bos_token", "[CLS]"}, {"eos_token", "[SEP]"}, {"unk_token", "[UNK]"},  {"sep_token", "[SEP]"},
    {"pad_token", "[PAD]"}, {"cls_token", "[CLS]"}, {"mask_token", "[MASK]"}};
constexpr NamedToken kGemmaTokens[] = {{"bos_token", "<bos>"},
                                       {"eos_token", "<eos>"},
                                       {"unk_token", "<unk>"},
                                       {"pad_token", "<pad>"},
                                       {"mask_token", "<mask>"}};
constexpr NamedToken kLlamaTokens[] = {
    {"bos_token", "<s>"}, {"eos_token", "</s>"}, {"unk_token", "<unk>"}};
/// Camembert's without the first, which mBART-50 has only where a setting names it.
constexpr std::span kMBart50Tokens = std::span(kCamembertTokens).subspan<1>();
constexpr NamedToken kT5Tokens[] = {
    {"eos_token", "</s>"}, {"unk_token", "<unk>"}, {"pad_token", "<pad>"}};

/// One row a class.
constexpr TokenizerClass kClasses[] = {
    {"AlbertTokenizer",
     "Unigram",
     ClassTemplate::albert,
     {.defaults = kAlbertTokens},
     albert_stages,
     "spiece.model",
     sentencepiece_in_order,
     sentencepiece_specials},
    {"BarthezTokenizer",
     "Unigram",
     ClassTemplate::file,
     {.defaults = kCamembertTokens},
     barthez_stages,
     "sentencepiece.bpe.model",
     sentencepiece_in_order,
     sentencepiece_specials},
    {"BertTokenizer",
     "WordPiece",
     ClassTemplate::bert,
     {.defaults = kBertTokens, .only_known = true},
     bert_stages,
     "vocab.txt"},
    {"CamembertTokenizer",
     "Unigram",
     ClassTemplate::xlm_roberta,
     {.defaults = kCamembertTokens},
     camembert_stages,
     "sentencepiece.bpe.model",
     arrange_camembert,
     camembert_specials},
    {"DebertaV2Tokenizer",
     "Unigram",
     ClassTemplate::bert,
     {.defaults = kDebertaV2Tokens},
     deberta_v2_stages,
     "spm.model",
     sentencepiece_in_order,
     sentencepiece_specials},
    {"GPT2Tokenizer",
     "BPE",
     ClassTemplate::file,
     {.defaults = kGpt2Tokens},
     gpt2_stages,
     "vocab.json"},
    {"GPTNeoXTokenizer",
     "BPE",
     ClassTemplate::ends,
     {.defaults = kGptNeoxTokens},
     gpt_neox_stages,
     "vocab.json"},
    {"GemmaTokenizer",
     "BPE",
     ClassTemplate::file,
     {.defaults = kGemmaTokens},
     gemma_stages,
     "tokenizer.model",
     sentencepiece_in_order,
     sentencepiece_specials},
    {"LlamaTokenizer",
     "BPE",
     ClassTemplate::file,
     {.defaults = kLlamaTokens},
     llama_stages,
     "tokenizer.model",
     sentencepiece_in_order,
     sentencepiece_specials},
    {"MBart50Tokenizer",
     "Unigram",
     ClassTemplate::mbart50,
     {.defaults = kMBart50Tokens},
     mbart50_stages,
     "sentencepiece.bpe.model",
     arrange_mbart50,
     mbart50_specials},
    {"MBartTokenizer",
     "Unigram",
     ClassTemplate::mbart,
     {.defaults = kCamembertTokens},
     mbart_stages,
     "sentencepiece.bpe.model",
     arrange_mbart,
     mbart_specials},
    {"MPNetTokenizer",
     "WordPiece",
     ClassTemplate::roberta,
     {.defaults = kMpnetTokens},
     bert_stages,
     "vocab.txt"},
    {"Qwen2Tokenizer",
     "BPE",
     ClassTemplate::file,
     {.defaults = kQwenTokens, .adds_again = true},
     qwen2_stages,
     "vocab.json"},
    {"Qwen3_5Tokenizer",
     "BPE",
     ClassTemplate::file,
     {.defaults = kQwenTokens, .adds_again = true},
     qwen3_5_stages,
     "vocab.json"},
    {"RobertaTokenizer",
     "BPE",
     ClassTemplate::roberta,
     {.defaults = kRobertaTokens},
     gpt2_stages,
     "vocab.json"},
    {"T5Tokenizer",
     "Unigram",
     ClassTemplate::t5,
     {.defaults = kT5Tokens},
     t5_stages,
     "spiece.model",
     arrange_t5,
     t5_specials},
    {"XLMRobertaTokenizer",
     "Unigram",
     ClassTemplate::xlm_roberta,
     {.defaults = kRobertaTokens},
     xlm_roberta_stages,
     "sentencepiece.bpe.model",
     arrange_xlm_roberta,
     sentencepiece_specials},
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
