#include "tokenizers/tokenizer_classes.h"

#include <sentence_transformers/error.h>

#include <algorithm>

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

struct Name {
  std::string_view from, to;
};

/// Other names of these classes.
constexpr Name kAliases[] = {
    {"BartTokenizer", "RobertaTokenizer"},     {"DistilBertTokenizer", "BertTokenizer"},
    {"LEDTokenizer", "RobertaTokenizer"},      {"LxmertTokenizer", "BertTokenizer"},
    {"MobileBertTokenizer", "BertTokenizer"},  {"MvpTokenizer", "RobertaTokenizer"},
    {"SqueezeBertTokenizer", "BertTokenizer"},
};

/// Classes of transformers that build their own stages, or tokenize in Python; a file as it stands
/// would give other ids than they do.
constexpr std::string_view kOthers[] = {
    "AlbertTokenizer",
    "BarthezTokenizer",
    "BartphoTokenizer",
    "BertGenerationTokenizer",
    "BertJapaneseTokenizer",
    "BertweetTokenizer",
    "BigBirdTokenizer",
    "BioGptTokenizer",
    "BlenderbotSmallTokenizer",
    "BlenderbotTokenizer",
    "ByT5Tokenizer",
    "CLIPTokenizer",
    "CTRLTokenizer",
    "CamembertTokenizer",
    "CanineTokenizer",
    "CodeGenTokenizer",
    "CodeLlamaTokenizer",
    "CohereTokenizer",
    "CpmAntTokenizer",
    "CpmTokenizer",
    "DPRContextEncoderTokenizer",
    "DPRQuestionEncoderTokenizer",
    "DPRReaderTokenizer",
    "DebertaTokenizer",
    "DebertaV2Tokenizer",
    "EsmTokenizer",
    "EsmcTokenizer",
    "FSMTTokenizer",
    "FlaubertTokenizer",
    "FunnelTokenizer",
    "GPTNeoXJapaneseTokenizer",
    "GPTSw3Tokenizer",
    "GemmaTokenizer",
    "HerbertTokenizer",
    "LasrTokenizer",
    "LayoutLMv2Tokenizer",
    "LayoutLMv3Tokenizer",
    "LayoutXLMTokenizer",
    "LlamaTokenizer",
    "LukeTokenizer",
    "M2M100Tokenizer",
    "MBart50Tokenizer",
    "MBartTokenizer",
    "MLukeTokenizer",
    "MarianTokenizer",
    "MarkupLMTokenizer",
    "MyT5Tokenizer",
    "NllbTokenizer",
    "NougatTokenizer",
    "OpenAIGPTTokenizer",
    "PLBartTokenizer",
    "PegasusTokenizer",
    "PerceiverTokenizer",
    "PhobertTokenizer",
    "ProphetNetTokenizer",
    "ReformerTokenizer",
    "RemBertTokenizer",
    "RoCBertTokenizer",
    "RoFormerTokenizer",
    "SeamlessM4TTokenizer",
    "Siglip2Tokenizer",
    "SiglipTokenizer",
    "SplinterTokenizer",
    "T5Tokenizer",
    "TapasTokenizer",
    "Tipsv2Tokenizer",
    "UdopTokenizer",
    "WhisperTokenizer",
    "XGLMTokenizer",
    "XLMRobertaTokenizer",
    "XLMTokenizer",
    "XLNetTokenizer",
};

/// The class of each "model_type" that embeds texts; others take tokenizer.json as it stands.
constexpr Name kModelTypes[] = {
    {"albert", "AlbertTokenizer"},
    {"bart", "RobertaTokenizer"},
    {"bert", "BertTokenizer"},
    {"camembert", "CamembertTokenizer"},
    {"convbert", "BertTokenizer"},
    {"data2vec-text", "RobertaTokenizer"},
    {"deberta", "DebertaTokenizer"},
    {"deberta-v2", "DebertaV2Tokenizer"},
    {"distilbert", "BertTokenizer"},
    {"electra", "BertTokenizer"},
    {"ernie", "BertTokenizer"},
    {"gemma", "GemmaTokenizer"},
    {"gemma2", "GemmaTokenizer"},
    {"gemma3", "GemmaTokenizer"},
    {"gemma3_text", "GemmaTokenizer"},
    {"gpt2", "GPT2Tokenizer"},
    {"gpt_neo", "GPT2Tokenizer"},
    {"gpt_neox", "GPTNeoXTokenizer"},
    {"gptj", "GPT2Tokenizer"},
    {"gte", "XLMRobertaTokenizer"},
    {"ibert", "RobertaTokenizer"},
    {"jina_embeddings_v3", "XLMRobertaTokenizer"},
    {"layoutlm", "BertTokenizer"},
    {"longformer", "RobertaTokenizer"},
    {"mbart", "MBartTokenizer"},
    {"megatron-bert", "BertTokenizer"},
    {"mobilebert", "BertTokenizer"},
    {"mpnet", "MPNetTokenizer"},
    {"mt5", "T5Tokenizer"},
    {"nezha", "BertTokenizer"},
    {"nomic_bert", "BertTokenizer"},
    {"olmo", "GPTNeoXTokenizer"},
    {"opt", "GPT2Tokenizer"},
    {"qwen2", "Qwen2Tokenizer"},
    {"qwen2_5_vl", "Qwen2Tokenizer"},
    {"qwen2_vl", "Qwen2Tokenizer"},
    {"qwen3", "Qwen2Tokenizer"},
    {"qwen3_5", "Qwen3_5Tokenizer"},
    {"qwen3_5_text", "Qwen3_5Tokenizer"},
    {"qwen3_moe", "Qwen2Tokenizer"},
    {"qwen3_vl", "Qwen2Tokenizer"},
    {"rembert", "RemBertTokenizer"},
    {"roberta", "RobertaTokenizer"},
    {"roberta-prelayernorm", "RobertaTokenizer"},
    {"squeezebert", "BertTokenizer"},
    {"t5", "T5Tokenizer"},
    {"xlm-roberta", "XLMRobertaTokenizer"},
    {"xlnet", "XLNetTokenizer"},
    {"xmod", "XLMRobertaTokenizer"},
    {"yoso", "AlbertTokenizer"},
};

/// Types whose folders name a wrong class: the type decides.
constexpr std::string_view kTypeDecides[] = {"qwen2", "qwen3_5", "qwen3_5_text"};

/// Types that take tokenizer.json as it stands, whatever class their folders name.
constexpr std::string_view kAsItStands[] = {
    "modernbert",
    "modernbert-decoder",
    "nystromformer",
    "bigbird_pegasus",
    "glm",
    "glm4",
    "granite",
    "internlm2",
    "internlm3",
    "minicpm3",
    "nemotron",
    "olmo2",
    "olmo3",
    "phi3",
    "stablelm",
    "umt5",
    "xlm-roberta-xl",
};

template <size_t N>
bool contains(const std::string_view (&list)[N], std::string_view name) {
  return std::find(std::begin(list), std::end(list), name) != std::end(list);
}

std::string_view class_of_type(std::string_view type) {
  for (const Name& row : kModelTypes) {
    if (row.from == type) return row.to;
  }
  return "";
}

std::string without_fast(std::string name) {
  if (name.ends_with("Fast")) name.resize(name.size() - 4);
  return name;
}

/// The class that transformers' AutoTokenizer takes; "" where tokenizer.json counts as it stands.
std::string choose_name(const TokenizerFolder& folder, std::string& said_by) {
  std::string name, type;
  if (folder.model) {
    type = folder.model->get<std::string>("model_type", "");
    name = folder.model->get<std::string>("tokenizer_class", "");
    said_by = folder.model->name(name.empty() ? "model_type" : "tokenizer_class");
  }
  if (folder.settings) {
    if (const auto given = folder.settings->find<std::string>("tokenizer_class")) {
      name = *given;
      said_by = folder.settings->name("tokenizer_class");
    }
  }
  const std::string_view registered = class_of_type(type);
  if (name.empty() || contains(kTypeDecides, type)) return std::string(registered);
  if (contains(kAsItStands, type)) return "";
  return without_fast(name);
}

const TokenizerClass* class_of_name(std::string_view name) {
  for (const Name& alias : kAliases) {
    if (alias.from == name) name = alias.to;
  }
  for (const TokenizerClass& row : kClasses) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

}  // namespace

const TokenizerClass* find_tokenizer_class(const TokenizerFolder& folder) {
  std::string said_by;
  const std::string name = choose_name(folder, said_by);
  if (contains(kOthers, name)) {
    std::string known;
    for (const TokenizerClass& row : kClasses) known += std::string(row.name) + ", ";
    throw UnsupportedError("[Tokenizer] " + said_by + " asks for " + name + "; known: " + known +
                           "and tokenizer.json as it stands (PreTrainedTokenizerFast)");
  }
  if (const TokenizerClass* found = class_of_name(name)) return found;
  if (folder.tokenizer) return nullptr;
  return folder.has("vocab.txt") ? class_of_name("BertTokenizer") : nullptr;
}

}  // namespace sentence_transformers
