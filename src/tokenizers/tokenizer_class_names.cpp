#include "tokenizers/tokenizer_class_names.h"

#include <algorithm>
#include <iterator>
#include <string_view>

namespace sentence_transformers {
namespace {

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
    "EsmTokenizer",
    "EsmcTokenizer",
    "FSMTTokenizer",
    "FlaubertTokenizer",
    "FunnelTokenizer",
    "GPTNeoXJapaneseTokenizer",
    "GPTSw3Tokenizer",
    "HerbertTokenizer",
    "LasrTokenizer",
    "LayoutLMv2Tokenizer",
    "LayoutLMv3Tokenizer",
    "LayoutXLMTokenizer",
    "LukeTokenizer",
    "M2M100Tokenizer",
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
    "TapasTokenizer",
    "Tipsv2Tokenizer",
    "UdopTokenizer",
    "WhisperTokenizer",
    "XGLMTokenizer",
    "XLMTokenizer",
    "XLNetTokenizer",
};

/// The class of each "model_type" that embeds texts; others take tokenizer.json as it stands.
constexpr Name kModelTypes[] = {
    {"albert", "AlbertTokenizer"},
    {"bart", "RobertaTokenizer"},
    {"barthez", "BarthezTokenizer"},
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
    {"mbart50", "MBart50Tokenizer"},
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
    "arctic",
    "aria",
    "beam",
    "bigbird_pegasus",
    "camembertv2-base",
    "canary",
    "chatlm",
    "cohere_asr",
    "ernie4_5",
    "ernie4_5_moe",
    "EvollaModel",
    "flex_olmo",
    "fuyu",
    "glm",
    "glm4",
    "glm4_moe",
    "glm4_moe_lite",
    "glm4v",
    "glm4v_moe",
    "glm_image",
    "glmasr",
    "got_ocr2",
    "gpt_bigcode",
    "gradium_phonon_tts",
    "granite",
    "granitemoe",
    "granitemoehybrid",
    "granitemoeshared",
    "h2ovl_chat",
    "hyperclovax",
    "hyperclovax_vlm",
    "internlm2",
    "internlm3",
    "iquestcoder",
    "jamba",
    "kimi_k25",
    "kimi_linear",
    "kosmos-2",
    "llava",
    "llava_next",
    "mimo_v2_flash",
    "minicpm3",
    "minicpm_ocr",
    "minicpmv",
    "minicpmv4_6",
    "minicpmv4_7",
    "minimax_m2",
    "ministral",
    "ministral3",
    "mistral",
    "mistral3",
    "mistral_large4",
    "mixtral",
    "modernbert",
    "modernbert-decoder",
    "molmo",
    "molmo2",
    "nemo_speechlm",
    "nemotron",
    "nvfp4",
    "nystromformer",
    "olmo2",
    "olmo3",
    "olmo_hybrid",
    "opencua",
    "openvla",
    "paddleocr_vl",
    "pegasus_x",
    "persimmon",
    "phi3",
    "phi3_v",
    "phimoe",
    "pix2struct",
    "pixtral",
    "pocket_tts",
    "smolvlm",
    "stablelm",
    "step3_vl",
    "umt5",
    "vipllava",
    "voxtral",
    "voxtral_realtime",
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

std::string_view without_fast(std::string_view name) {
  constexpr std::string_view kFast = "Fast";
  if (name.ends_with(kFast)) name.remove_suffix(kFast.size());
  return name;
}

std::string_view without_alias(std::string_view name) {
  for (const Name& alias : kAliases) {
    if (alias.from == name) return alias.to;
  }
  return name;
}

/// Does tokenizer.json have a stage that works on bytes?
bool has_byte_level(const TokenizerFolder& folder) {
  constexpr const char* kStages[] = {"normalizer", "pre_tokenizer", "post_processor", "decoder"};
  return folder.tokenizer && std::any_of(std::begin(kStages), std::end(kStages), [&](auto stage) {
           return folder.tokenizer->has(stage) &&
                  folder.tokenizer->json()[stage].dump().find("\"ByteLevel\"") != std::string::npos;
         });
}

/// The class without regard to whether it is here. Folders of Llama 3 may name Llama 2's class,
/// which does not count beside stages that work on bytes.
std::string choose(const TokenizerFolder& folder, std::string_view given, std::string_view type) {
  const std::string_view registered = class_of_type(type);
  if (given.empty() || contains(kTypeDecides, type)) return std::string(registered);
  if (contains(kAsItStands, type)) return "";
  const std::string_view name = without_alias(without_fast(given));
  return name == "LlamaTokenizer" && has_byte_level(folder) ? "" : std::string(name);
}

}  // namespace

ClassName choose_class_name(const TokenizerFolder& folder) {
  std::string given, type;
  ClassName chosen;
  if (folder.model) {
    type = folder.model->get<std::string>("model_type", "");
    given = folder.model->get<std::string>("tokenizer_class", "");
    chosen.said_by = folder.model->name(given.empty() ? "model_type" : "tokenizer_class");
  }
  const auto settings = folder.setting<std::string>("tokenizer_class", "");
  if (!settings.empty()) {
    given = settings;
    chosen.said_by = folder.settings->name("tokenizer_class");
  }
  chosen.name = choose(folder, given, type);
  chosen.is_other = contains(kOthers, chosen.name);
  return chosen;
}

}  // namespace sentence_transformers
