#include "modules/transformer.h"

#include <sentence_transformers/error.h>

#include <set>
#include <stdexcept>

#include "core/checkpoint.h"

namespace sentence_transformers {
namespace {

namespace fs = std::filesystem;

const std::string kTaskOfHeads = "sequence-classification";

Config no_settings(const fs::path& folder) {
  return Config(nlohmann::json::object(), folder / "sentence_bert_config.json");
}

/// sentence-transformers' settings: the first file of these that is there and not empty.
Config read_settings(const fs::path& folder) {
  for (const char* name : {"sentence_bert_config.json", "sentence_roberta_config.json",
                           "sentence_distilbert_config.json", "sentence_camembert_config.json",
                           "sentence_albert_config.json", "sentence_xlm-roberta_config.json",
                           "sentence_xlnet_config.json"}) {
    if (!fs::exists(folder / name)) continue;
    Config config = Config::read(folder / name);
    if (!config.json().empty()) return config;
  }
  return no_settings(folder);
}

/// Files beside the weights that a tokenizer of any kind is made of.
bool is_tokenizer_file(const std::string& name) {
  static const std::set<std::string> names = {"tokenizer.json",
                                              "tokenizer_config.json",
                                              "special_tokens_map.json",
                                              "vocab.txt",
                                              "vocab.json",
                                              "merges.txt",
                                              "added_tokens.json",
                                              "sentencepiece.bpe.model",
                                              "spiece.model",
                                              "tokenizer.model"};
  return names.count(name) != 0;
}

/// Writes the same bytes; a file is not copied onto itself.
void copy_whole(const fs::path& from, const fs::path& to) {
  std::error_code none;
  if (fs::equivalent(from, to, none)) return;
  const std::string content = read_file(from);
  write_atomically(to, [&](FileWriter& file) { file.write(content.data(), content.size()); });
}

std::string type_name(at::ScalarType type) {
  return type == at::kHalf ? "float16" : type == at::kBFloat16 ? "bfloat16" : "float32";
}

int64_t special_tokens(const Tokenizer& tokenizer) { return tokenizer.count_tokens(""); }

std::string range_text(const Tokenizer& tokenizer, const Encoder& encoder) {
  return "expected " + std::to_string(special_tokens(tokenizer)) + " (the special tokens) to " +
         std::to_string(encoder.max_positions()) + " (the model's positions), found ";
}

bool in_range(int64_t length, const Tokenizer& tokenizer, const Encoder& encoder) {
  return length >= std::max<int64_t>(1, special_tokens(tokenizer)) &&
         length <= encoder.max_positions();
}

}  // namespace

Transformer::Transformer(const fs::path& folder)
    : Transformer(folder, read_settings(folder), std::nullopt) {}

std::shared_ptr<Transformer> Transformer::with_head(const fs::path& folder,
                                                    std::optional<int64_t> num_labels,
                                                    bool with_settings) {
  const Config settings = with_settings ? read_settings(folder) : no_settings(folder);
  const auto task = settings.get<std::string>("transformer_task", kTaskOfHeads);
  if (task != kTaskOfHeads) {
    throw UnsupportedError("[CrossEncoder] " + settings.name("transformer_task") + " is \"" + task +
                           "\"; known: " + kTaskOfHeads);
  }
  return std::shared_ptr<Transformer>(new Transformer(folder, settings, Head{num_labels}));
}

Transformer::Transformer(const fs::path& folder, const Config& settings,
                         const std::optional<Head>& head)
    : folder_(folder),
      config_(Config::read(folder / "config.json")),
      do_lower_case_(settings.get<bool>("do_lower_case", false)),
      tokenizer_(Tokenizer::from_pretrained(folder, do_lower_case_)),
      weights_(open_weights(folder, "Transformer")) {
  make(head);
  if (tokenizer_.vocab_size() > encoder_->vocab_size()) {
    throw LoadError("[Transformer] " + folder.string() + ": the tokenizer has " +
                    std::to_string(tokenizer_.vocab_size()) + " tokens, config.json's " +
                    "vocab_size is " + std::to_string(encoder_->vocab_size()));
  }
  // The setting counts as it stands; else the tokenizer's limit, within the model's positions.
  const auto setting = settings.find<int64_t>("max_seq_length");
  max_seq_length_ = setting.value_or(std::min(
      tokenizer_.model_max_length().value_or(Tokenizer::kNoLimit), encoder_->max_positions()));
  if (!in_range(max_seq_length_, tokenizer_, *encoder_)) {
    throw LoadError("[Transformer] " +
                    (setting
                         ? settings.name("max_seq_length")
                         : (folder / "tokenizer_config.json").string() + ": \"model_max_length\"") +
                    ": " + range_text(tokenizer_, *encoder_) + std::to_string(max_seq_length_));
  }
}

void Transformer::make(const std::optional<Head>& head) {
  if (!head) {
    encoder_ = register_module("auto_model", make_encoder(config_, *weights_));
    return;
  }
  Classifier classifier = make_classifier(config_, *weights_, head->num_labels);
  encoder_ = register_module("auto_model", std::move(classifier.encoder));
  head_ = register_module("head", std::move(classifier.head));
  prefix_ = classifier.prefix + ".";
  architecture_ = classifier.architecture;
}

void Transformer::set_max_seq_length(int64_t length, const std::string& function) {
  if (!in_range(length, tokenizer_, *encoder_)) {
    throw std::invalid_argument("[" + function + "] " + range_text(tokenizer_, *encoder_) +
                                std::to_string(length));
  }
  max_seq_length_ = length;
}

void Transformer::set_config(const std::string& key, const nlohmann::json& value) {
  nlohmann::json changed = config_.json();
  value.is_null() ? void(changed.erase(key)) : void(changed[key] = value);
  config_ = Config(std::move(changed), config_.file());
}

void Transformer::forward(Features& features) const {
  features.token_embeddings = encoder_->forward(features.batch, features.layers);
  if (head_) features.logits = head_->forward(features.token_embeddings, features.batch);
}

std::vector<std::pair<std::string, at::Tensor>> Transformer::checkpoint_parameters() const {
  std::vector<std::pair<std::string, at::Tensor>> result;
  for (const auto& p : encoder_->named_parameters()) {
    result.emplace_back(prefix_ + p.key(), p.value());
  }
  if (head_) {
    for (const auto& p : head_->named_parameters()) result.emplace_back(p.key(), p.value());
  }
  return result;
}

void Transformer::save(const fs::path& folder) const {
  const auto parameters = checkpoint_parameters();
  nlohmann::ordered_json config = config_.json();
  config.erase("torch_dtype");
  config["dtype"] = type_name(parameters.front().second.scalar_type());
  if (head_) {
    config["architectures"] = {architecture_};
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
  if (!fs::is_directory(folder_)) {
    throw Error("[save_pretrained] " + folder_.string() +
                " is gone, from which the tokenizer's files are copied");
  }
  for (const auto& entry : fs::directory_iterator(folder_)) {
    if (is_tokenizer_file(entry.path().filename().string())) {
      copy_whole(entry.path(), folder / entry.path().filename());
    }
  }
  nlohmann::ordered_json settings = {{"max_seq_length", max_seq_length_},
                                     {"do_lower_case", do_lower_case_}};
  if (head_) settings["transformer_task"] = kTaskOfHeads;
  write_json(folder / "sentence_bert_config.json", settings);
  write_json(folder / "config.json", config);
  write_safetensors(folder / "model.safetensors", parameters, {{"format", "pt"}});
}

}  // namespace sentence_transformers
