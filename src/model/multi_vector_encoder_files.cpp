#include "model/multi_vector_encoder_files.h"

#include <sentence_transformers/error.h>

#include <algorithm>
#include <array>

#include "core/checkpoint.h"
#include "core/config_lists.h"
#include "modules/dense.h"
#include "modules/multi_vector_mask.h"
#include "modules/normalize.h"
#include "modules/transformer.h"

namespace sentence_transformers {
namespace {

namespace fs = std::filesystem;

const std::string kMultiVectorEncoder = "MultiVectorEncoder";
constexpr int64_t kColbertQueryLength = 32;

/// Python's string.punctuation, a word each.
std::vector<std::string> punctuation() {
  std::vector<std::string> words;
  for (const char c : std::string(R"(!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~)")) words.emplace_back(1, c);
  return words;
}

/// What settings of PyLate, and the metadata of Stanford's ColBERT, say of a model's modules.
struct OlderSettings {
  TaskLengths lengths = {};
  std::vector<std::string> prefixes = {};  // put in as ids when the model was trained
  std::optional<std::vector<std::string>> skiplist_words = std::nullopt;

  std::vector<std::string> skiplist_or_punctuation() const {
    return skiplist_words ? *skiplist_words : punctuation();
  }
};

/// Before the prompt that the folder has for the same texts; a prompt that has it keeps one.
void put_before(std::string& prompt, const std::string& prefix) {
  if (!prompt.starts_with(prefix)) prompt = prefix + prompt;
}

OlderSettings read_pylate_settings(const Config& settings, ModelFolder& model) {
  OlderSettings older;
  const std::array<std::pair<const char*, const char*>, 2> prefix_keys = {
      {{"query_prefix", "query"}, {"document_prefix", "document"}}};
  for (const auto& [key, prompt] : prefix_keys) {
    if (!settings.json().contains(key)) continue;
    older.prefixes.push_back(settings.get<std::string>(key, ""));
    put_before(model.prompts[prompt], older.prefixes.back());
  }
  if (settings.has("skiplist_words")) {
    older.skiplist_words = require_strings(settings, "skiplist_words");
  }
  older.lengths = TaskLengths::read(settings, {});
  const std::array<const char*, 8> marks = {
      "query_length", "document_length", "do_query_expansion", "attend_to_expansion_tokens",
      "query_prefix", "document_prefix", "skiplist_words",     "attend_to_mask_tokens"};
  const bool is_pylate = std::any_of(
      marks.begin(), marks.end(), [&](const char* key) { return settings.json().contains(key); });
  const bool expands = settings.get<bool>("do_query_expansion", true);
  if (is_pylate && expands && !settings.json().contains("query_expansion")) {
    const bool named_so = settings.json().contains("attend_to_expansion_tokens");
    older.lengths.expansion = QueryExpansion{
        .length = older.lengths.query.value_or(kColbertQueryLength),
        .attend = settings.get<bool>(
            named_so ? "attend_to_expansion_tokens" : "attend_to_mask_tokens", false)};
    older.lengths.query.reset();
  }
  return older;
}

/// Of artifact.metadata, or what ColBERT does without one.
OlderSettings read_colbert_metadata(const fs::path& folder, ModelFolder& model) {
  const fs::path file = folder / "artifact.metadata";
  const Config metadata =
      file_exists(file) ? Config::read(file) : Config(nlohmann::json::object(), file);
  OlderSettings older;
  older.prefixes = {metadata.get<std::string>("query_token_id", "[unused0]") + " ",
                    metadata.get<std::string>("doc_token_id", "[unused1]") + " "};
  model.prompts["query"] = older.prefixes[0];
  model.prompts["document"] = older.prefixes[1];
  if (metadata.has("doc_maxlen")) {
    older.lengths.document = metadata.require_at_least("doc_maxlen", 1);
  }
  older.lengths.expansion =
      QueryExpansion{.length = metadata.get_at_least("query_maxlen", kColbertQueryLength, 1),
                     .attend = metadata.get<bool>("attend_to_mask_tokens", false)};
  const bool masks = metadata.get<bool>("mask_punctuation", true);
  older.skiplist_words = masks ? punctuation() : std::vector<std::string>();
  return older;
}

bool is_colbert(const fs::path& folder) {
  const fs::path file = folder / "config.json";
  if (!file_exists(file)) return false;
  const auto names = Config::read(file).json().value("architectures", nlohmann::json());
  return std::find(names.begin(), names.end(), "HF_ColBERT") != names.end();
}

/// Modules behind each other, each told that sentence embeddings are not wanted.
class Chain {
 public:
  explicit Chain(ModelFolder& model) : model_(model) {}

  void add(std::shared_ptr<Module> module) {
    sizes_ = module->output_sizes(sizes_);
    sizes_.multi_vector = true;
    model_.modules.push_back(std::move(module));
  }
  void add(const ModuleEntry& entry) { add(make_module(entry, sizes_, kMultiVectorEncoder)); }
  void add_mask_and_norm(std::vector<std::string> skiplist_words) {
    add(std::make_shared<MultiVectorMask>(std::move(skiplist_words)));
    add(std::make_shared<Normalize>(true));
  }
  /// A projection without bias, of the weights or new.
  void add_projection(const fs::path& folder, int64_t dimension,
                      const std::optional<Weights>& weights) {
    const Config config({{"in_features", sizes_.token_embeddings},
                         {"out_features", dimension},
                         {"bias", false},
                         {"activation_function", "torch.nn.modules.linear.Identity"}},
                        folder / "config.json");
    add(std::make_shared<Dense>(config, sizes_, weights));
  }
  /// A new one, where the model has none of its own.
  void add_new_projection(const fs::path& folder, std::optional<int64_t> dimension) {
    if (!dimension) {
      throw UnsupportedError("[MultiVectorEncoder] " + folder.string() +
                             " is no saved MultiVectorEncoder and has no Dense for tokens; "
                             "with_new_projection() adds one, with random weights, to train");
    }
    add_projection(folder, *dimension, std::nullopt);
  }
  const FeatureSizes& sizes() const { return sizes_; }

 private:
  ModelFolder& model_;
  FeatureSizes sizes_ = {.multi_vector = true};
};

void saved_modules(const fs::path& folder, Chain& chain) {
  for (const ModuleEntry& entry : read_module_list(folder, kMultiVectorEncoder)) chain.add(entry);
}

/// Without what makes sentence embeddings.
void converted_modules(const fs::path& folder, std::optional<int64_t> new_dimension,
                       const OlderSettings& older, Chain& chain) {
  bool projects = false;
  for (const ModuleEntry& entry : read_module_list(folder, kMultiVectorEncoder)) {
    const std::string name = module_class(entry.type);
    if (name == "Pooling" || name == "Normalize") continue;
    projects = projects || name == "Dense";
    chain.add(entry);
  }
  if (!projects) chain.add_new_projection(folder, new_dimension);
  chain.add_mask_and_norm(older.prefixes.empty()
                              ? older.skiplist_words.value_or(std::vector<std::string>())
                              : older.skiplist_or_punctuation());
}

/// Its weights stand beside the encoder's.
void colbert_modules(const fs::path& folder, const OlderSettings& older, Chain& chain) {
  chain.add(std::make_shared<Transformer>(folder));
  const Weights weights = open_weights(folder, kMultiVectorEncoder);
  chain.add_projection(folder, weights.rows("linear.weight"), weights);
  chain.add_mask_and_norm(*older.skiplist_words);
}

/// Tells modules what only the whole model knows.
void finish(const fs::path& folder, const OlderSettings& older, bool is_older,
            MultiVectorEncoderParts& parts) {
  const Tokenizer* tokenizer = nullptr;
  bool expands = false;
  for (InputModule* input : parts.inputs()) {
    if (auto* transformer = dynamic_cast<Transformer*>(input)) {
      if (is_older) transformer->set_task_lengths(older.lengths);
      transformer->keep_whole(older.prefixes);
      expands = expands || transformer->expands_queries();
    }
    if (!tokenizer) tokenizer = input->tokenizer();
  }
  bool masks = false;
  for (const auto& module : parts.modules) {
    auto* mask = dynamic_cast<MultiVectorMask*>(module.get());
    if (mask && tokenizer) mask->find_words(*tokenizer);
    masks = masks || mask;
  }
  if (expands && !masks) {
    throw UnsupportedError("[MultiVectorEncoder] " + (folder / "modules.json").string() +
                           ": expected a MultiVectorMask, without which the tokens of a query "
                           "expansion do not count");
  }
}

void read_own_similarity(const Config& settings, MultiVectorEncoderParts& parts) {
  // Others are of what the model was before.
  if (settings.get<std::string>("similarity_fn_name", "") == "meanmaxsim") {
    parts.similarity = MultiVectorSimilarity::meanmaxsim;
  }
}

}  // namespace

MultiVectorEncoderParts read_multi_vector_encoder(const fs::path& folder,
                                                  std::optional<int64_t> new_dimension) {
  MultiVectorEncoderParts parts;
  parts.prompts = {{"query", ""}, {"document", ""}};
  const std::optional<Config> settings = read_settings(folder);
  const std::string type = model_type(settings);
  const bool listed = file_exists(folder / "modules.json"), colbert = is_colbert(folder);
  const bool own = type == kMultiVectorEncoder || type == "ColBERT";
  const bool reads_settings = settings && listed && (own || type == "SentenceTransformer");
  OlderSettings older;
  if (reads_settings) {
    read_prompts(*settings, kMultiVectorEncoder, parts);
    older = read_pylate_settings(*settings, parts);
    read_own_similarity(*settings, parts);
  } else if (colbert && !listed) {
    older = read_colbert_metadata(folder, parts);
  }
  Chain chain(parts);
  if (listed && (own || (colbert && !settings))) {
    saved_modules(folder, chain);
    if (type == "ColBERT") chain.add_mask_and_norm(older.skiplist_or_punctuation());
  } else if (reads_settings || (listed && !settings)) {
    converted_modules(folder, new_dimension, older, chain);
  } else if (colbert) {
    colbert_modules(folder, older, chain);
  } else {
    chain.add(std::make_shared<Transformer>(folder));
    chain.add_new_projection(folder, new_dimension);
    chain.add_mask_and_norm({});
  }
  parts.width = chain.sizes().token_embeddings;
  if (parts.width == 0) {
    throw LoadError("[MultiVectorEncoder] " + (folder / "modules.json").string() +
                    ": expected modules that embed tokens");
  }
  finish(folder, older, reads_settings || colbert, parts);
  return parts;
}

void write_multi_vector_encoder(const MultiVectorEncoderParts& parts, const fs::path& folder) {
  write_folder(parts, kMultiVectorEncoder, {{"similarity_fn_name", to_string(parts.similarity)}},
               folder);
}

}  // namespace sentence_transformers
