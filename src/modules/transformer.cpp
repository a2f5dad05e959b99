#include "modules/transformer.h"

#include <sentence_transformers/error.h>

#include <algorithm>
#include <map>
#include <stdexcept>

#include "core/checkpoint.h"
#include "core/quoted.h"
#include "tokenizers/tokenizer_copies.h"
#include "tokenizers/words/python_text.h"

namespace sentence_transformers {
namespace {

namespace fs = std::filesystem;

const std::string kClassifies = "sequence-classification";
const std::string kSpeaks = "text-generation";
const std::string kFillsMasks = "fill-mask";

Config no_settings(const fs::path& folder) {
  return Config(nlohmann::json::object(), folder / "sentence_bert_config.json");
}

/// sentence-transformers' settings: the first file of these that is there and not empty.
Config read_transformer_settings(const fs::path& folder) {
  for (const char* name : {"sentence_bert_config.json", "sentence_roberta_config.json",
                           "sentence_distilbert_config.json", "sentence_camembert_config.json",
                           "sentence_albert_config.json", "sentence_xlm-roberta_config.json",
                           "sentence_xlnet_config.json"}) {
    if (!file_exists(folder / name)) continue;
    Config config = Config::read(folder / name);
    if (!config.json().empty()) return config;
  }
  return no_settings(folder);
}

std::string type_name(at::ScalarType type) {
  return type == at::kHalf ? "float16" : type == at::kBFloat16 ? "bfloat16" : "float32";
}

/// How many token types the encoder tells apart, if it does.
std::optional<int64_t> token_types(const Encoder& encoder) {
  for (const auto& p : encoder.named_parameters()) {
    if (p.key().ends_with("token_type_embeddings.weight")) return p.value().size(0);
  }
  return std::nullopt;
}

}  // namespace

Transformer::Transformer(const fs::path& folder)
    : Transformer(folder, read_transformer_settings(folder), std::nullopt) {}

std::shared_ptr<Transformer> Transformer::with_words(const fs::path& folder) {
  return std::shared_ptr<Transformer>(
      new Transformer(folder, read_transformer_settings(folder), std::nullopt, true));
}

std::shared_ptr<Transformer> Transformer::saved(const fs::path& folder, const std::string& task) {
  const Config settings = read_transformer_settings(folder);
  const bool words = settings.get<std::string>("transformer_task", task) == kFillsMasks;
  return std::shared_ptr<Transformer>(new Transformer(folder, settings, std::nullopt, words));
}

std::shared_ptr<Transformer> Transformer::with_head(const fs::path& folder,
                                                    std::optional<int64_t> num_labels,
                                                    bool with_settings,
                                                    const std::optional<LogitScoreConfig>& score) {
  const Config settings = with_settings ? read_transformer_settings(folder) : no_settings(folder);
  const std::string& known = score ? kSpeaks : kClassifies;
  const auto task = settings.get<std::string>("transformer_task", known);
  if (task != known) {
    throw UnsupportedError("[CrossEncoder] " + settings.name("transformer_task") + " is " +
                           in_quotes(task) + "; known: " + known +
                           (score ? " with LogitScore" : ""));
  }
  // A folder that an older version saved has no such key, and its pairs are no messages.
  const bool chats = !with_settings || (settings.has("modality_config") &&
                                        settings.at("modality_config").has("message"));
  return std::shared_ptr<Transformer>(
      new Transformer(folder, settings, Head{num_labels, score, chats}));
}

Transformer::Transformer(const fs::path& folder, const Config& settings,
                         const std::optional<Head>& head, bool scores_words)
    : folder_(folder),
      config_(Config::read(folder / "config.json")),
      settings_(settings),
      do_lower_case_(settings.get<bool>("do_lower_case", false)),
      gives_layers_(config_.get<bool>("output_hidden_states", false)),
      tokenizer_(Tokenizer::from_pretrained(folder, do_lower_case_)),
      weights_(open_weights(folder, "Transformer")) {
  scores_words ? make_words() : make(head);
  if (head && head->chats) chat_ = ChatTemplate::read(folder);
  if (tokenizer_.vocab_size() > encoder_->vocab_size()) {
    throw LoadError("[Transformer] " + folder.string() + ": the tokenizer has " +
                    std::to_string(tokenizer_.vocab_size()) + " tokens, config.json's " +
                    "vocab_size is " + std::to_string(encoder_->vocab_size()));
  }
  special_tokens_ = special_tokens(head_ != nullptr);
  check_template(false);
  if (head_) check_template(true);
  // The setting counts as it stands; else the tokenizer's limit, within the model's positions.
  const auto setting = settings.find<int64_t>("max_seq_length");
  max_seq_length_ = setting.value_or(std::min(
      tokenizer_.model_max_length().value_or(Tokenizer::kNoLimit), encoder_->max_positions()));
  if (!in_range(max_seq_length_)) {
    throw LoadError("[Transformer] " +
                    (setting
                         ? settings.name("max_seq_length")
                         : (folder / "tokenizer_config.json").string() + ": \"model_max_length\"") +
                    ": " + range_text() + std::to_string(max_seq_length_));
  }
  set_task_lengths({});
}

int64_t Transformer::special_tokens(bool pair) const {
  return static_cast<int64_t>(
      (pair ? tokenizer_.encode_pair("", "") : tokenizer_.encode("")).ids.size());
}

/// Of one text or a pair: it must keep the length it is given, and use types that the encoder has.
void Transformer::check_template(bool pair) const {
  const int64_t shortest = special_tokens(pair) + (pair ? 2 : 1);
  const Encoding encoding =
      pair ? tokenizer_.encode_pair("a", "a", shortest) : tokenizer_.encode("a", shortest);
  const fs::path file = folder_ / "tokenizer.json";
  if (static_cast<int64_t>(encoding.ids.size()) > shortest) {
    throw LoadError("[Transformer] " + file.string() + ": \"post_processor." +
                    (pair ? "pair" : "single") +
                    "\" has a text more than once; expected each text once");
  }
  const auto types = token_types(*encoder_);
  const auto& used = encoding.type_ids;
  const auto last = std::max_element(used.begin(), used.end());
  if (types && last != used.end() && *last >= *types) {
    throw LoadError("[Transformer] " + config_.name("type_vocab_size") + " is " +
                    std::to_string(*types) + "; expected at least " + std::to_string(*last + 1) +
                    ", as the tokenizer gives " + (pair ? "pairs" : "texts") + " type " +
                    std::to_string(*last));
  }
}

std::string Transformer::range_text() const {
  return "expected " + std::to_string(special_tokens_) +
         (head_ ? " (a pair's special tokens) to " : " (the special tokens) to ") +
         std::to_string(encoder_->max_positions()) + " (the model's positions), found ";
}

bool Transformer::in_range(int64_t length) const {
  return length >= std::max<int64_t>(1, special_tokens_) && length <= encoder_->max_positions();
}

void Transformer::make(const std::optional<Head>& head) {
  if (!head) {
    encoder_ = register_module("auto_model", make_encoder(config_, *weights_));
    return;
  }
  task_ = head->score ? kSpeaks : kClassifies;
  Classifier classifier = head->score ? make_logit_scorer(config_, *weights_, *head->score)
                                      : make_classifier(config_, *weights_, head->num_labels);
  encoder_ = register_module("auto_model", std::move(classifier.encoder));
  head_ = register_module("head", std::move(classifier.head));
  prefix_ = classifier.prefix + ".";
  architecture_ = classifier.architecture;
}

void Transformer::make_words() {
  task_ = kFillsMasks;
  MaskedLanguageModel model = make_masked_language_model(config_, *weights_);
  encoder_ = register_module("auto_model", std::move(model.encoder));
  words_ = register_module("words", std::move(model.head));
  prefix_ = model.prefix + ".";
  architecture_ = model.architecture;
}

FeatureSizes Transformer::output_sizes(FeatureSizes) const {
  if (words_) return {.words = encoder_->vocab_size()};
  return {.token_embeddings = encoder_->hidden_size()};
}

void Transformer::set_max_seq_length(int64_t length, const std::string& function) {
  if (!in_range(length)) {
    throw std::invalid_argument("[" + function + "] " + range_text() + std::to_string(length));
  }
  max_seq_length_ = length;
}

void Transformer::set_config(const std::string& key, const nlohmann::json& value) {
  nlohmann::json changed = config_.json();
  value.is_null() ? void(changed.erase(key)) : void(changed[key] = value);
  config_ = Config(std::move(changed), config_.file());
}

/// Of the query expansion: the token that it names, else the mask token, else the end's.
int64_t Transformer::expansion_token() const {
  std::optional<std::string> token = task_lengths_.expansion->token;
  for (const char* name : {"mask_token", "eos_token"}) {
    if (!token) token = tokenizer_.named_token(name);
  }
  const auto id = token ? tokenizer_.token_to_id(*token) : std::nullopt;
  if (id) return *id;
  throw LoadError("[Transformer] " + settings_.name("query_expansion") + ": " +
                  (token ? "the vocabulary lacks the token " + in_quotes(*token)
                         : "expected a \"token\", as the tokenizer has no mask token and no end"));
}

/// Throws UnsupportedError where Python does something else than to append tokens which attend.
void Transformer::check_expansion() const {
  const std::string start = "[Transformer] " + settings_.name("query_expansion") + ": ";
  if (!task_lengths_.expansion->attend &&
      config_.get<std::string>("model_type", "") == "deberta-v2") {
    throw UnsupportedError(start +
                           "expected \"attend\" to be true for deberta-v2, which zeroes "
                           "tokens that are not attended to");
  }
  const fs::path file = folder_ / "tokenizer_config.json";
  if (!file_exists(file)) return;
  const Config config = Config::read(file);
  if (config.get<std::string>("padding_side", "right") == "right") return;
  throw UnsupportedError(start + config.name("padding_side") +
                         " is left; queries are expanded on the right alone");
}

void Transformer::set_task_lengths(const TaskLengths& fallback) {
  task_lengths_ = TaskLengths::read(settings_, fallback);
  const auto check = [&](const char* key, const std::optional<int64_t>& length) {
    if (length && !in_range(*length)) {
      throw LoadError("[Transformer] " + settings_.name(key) + ": " + range_text() +
                      std::to_string(*length));
    }
  };
  check("query_length", task_lengths_.query);
  check("document_length", task_lengths_.document);
  if (!task_lengths_.expansion) return;
  check("query_expansion.length", task_lengths_.expansion->length);
  check_expansion();
  expansion_id_ = expansion_token();
}

InputTokens Transformer::tokenize_for(const std::string& task, std::string_view text) const {
  const auto& [query, document, expansion] = task_lengths_;
  const int64_t longest = (task == "query"      ? query
                           : task == "document" ? document
                                                : std::nullopt)
                              .value_or(max_seq_length_);
  if (task != "query" || !expansion) return tokenizer_.encode(text, longest);
  InputTokens tokens = tokenizer_.encode(
      text, expansion->fixed ? expansion->length : std::max(longest, expansion->length));
  Encoding& encoding = tokens.encoding;
  const int64_t missing = expansion->length - static_cast<int64_t>(encoding.ids.size());
  if (missing <= 0) return tokens;
  encoding.ids.resize(static_cast<size_t>(expansion->length), expansion_id_);
  encoding.type_ids.resize(encoding.ids.size(), 0);
  if (!expansion->attend) tokens.unattended = missing;
  return tokens;
}

void Transformer::keep_whole(const std::vector<std::string>& prompts) {
  const auto is_split = [&](const std::string& word) {
    const std::vector<int64_t> ids = tokenizer_.encode_content(word).ids;
    return ids.size() != 1 || ids[0] != tokenizer_.token_to_id(word);
  };
  for (const std::string& prompt : prompts) {
    const auto parts = python::split(prompt);
    if (parts.empty()) continue;
    for (const std::string& word : {prompt, std::string(parts[0])}) {
      if (!tokenizer_.token_to_id(word)) continue;
      if (is_split(word)) kept_whole_.push_back(word);
      break;
    }
  }
  if (kept_whole_.empty()) return;
  tokenizer_ = Tokenizer::from_pretrained(folder_, do_lower_case_, kept_whole_);
}

int64_t Transformer::prompt_tokens(const std::string& prompt) const {
  if (prompt.empty()) return 0;
  const Encoding encoding = tokenize(prompt);
  const bool ends_special = !encoding.ids.empty() && tokenizer_.is_special(encoding.ids.back());
  return static_cast<int64_t>(encoding.ids.size()) - (ends_special ? 1 : 0);
}

void Transformer::forward(Features& features) const {
  weights_.check_unchanged();
  if (head_ && head_->reads_first_alone()) features.batch.first_alone = true;
  features.token_embeddings = encoder_->forward(features.batch, features.layers);
  if (head_) features.logits = head_->forward(features.token_embeddings, features.batch);
  features.words = words_.get();
}

std::vector<std::pair<std::string, at::Tensor>> Transformer::checkpoint_parameters() const {
  std::vector<std::pair<std::string, at::Tensor>> result;
  for (const auto& p : encoder_->named_parameters()) {
    result.emplace_back(prefix_ + p.key(), p.value());
  }
  for (const Block* head :
       {static_cast<const Block*>(head_.get()), static_cast<const Block*>(words_.get())}) {
    if (!head) continue;
    for (const auto& p : head->named_parameters()) result.emplace_back(p.key(), p.value());
  }
  return result;
}

void Transformer::write(const fs::path& folder) const {
  auto parameters = checkpoint_parameters();
  for (auto& parameter : parameters) parameter.second = parameter.second.detach().to(dtype());
  nlohmann::ordered_json config = config_.json();
  config.erase("torch_dtype");
  config["dtype"] = type_name(dtype());
  if (!task_.empty()) config["architectures"] = {architecture_};
  if (task_ == kClassifies) {
    config.erase("num_labels");  // id2label counts them
    const auto ids = config.find("id2label");
    if (ids == config.end() || static_cast<int64_t>(ids->size()) != num_labels()) {
      nlohmann::ordered_json names, numbers;
      for (int64_t i = 0; i < num_labels(); ++i) {
        const std::string name = "LABEL_" + std::to_string(i);
        names[std::to_string(i)] = name;
        numbers[name] = i;
      }
      config["id2label"] = names;
      config["label2id"] = numbers;
    }
  }
  copy_tokenizer_files(folder_, folder);
  std::map<std::string, int64_t> words;
  for (const std::string& word : kept_whole_) words[word] = *tokenizer_.token_to_id(word);
  list_special_tokens(folder, words);
  nlohmann::ordered_json settings = {{"max_seq_length", max_seq_length_},
                                     {"do_lower_case", do_lower_case_}};
  if (!task_.empty()) settings["transformer_task"] = task_;
  task_lengths_.write(settings);
  if (chat_) {  // as Python writes it
    const nlohmann::ordered_json logits = {{"method", "forward"}, {"method_output_name", "logits"}};
    nlohmann::ordered_json messages = logits;
    messages["format"] = chat_->structured() ? "structured" : "flat";
    settings["modality_config"] = {{"text", logits}, {"message", messages}};
    settings["module_output_name"] = task_ == kSpeaks ? "causal_logits" : "scores";
  }
  write_json(folder / "sentence_bert_config.json", settings);
  write_json(folder / "config.json", config);
  write_safetensors(folder / "model.safetensors", parameters, {{"format", "pt"}});
}

}  // namespace sentence_transformers
