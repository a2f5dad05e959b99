#include "modules/transformer.h"

#include <sentence_transformers/error.h>

#include <set>
#include <stdexcept>

namespace sentence_transformers {
namespace {

namespace fs = std::filesystem;

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
  return Config(nlohmann::json::object(), folder / "sentence_bert_config.json");
}

/// The checkpoint: model.safetensors, or the parts that its index lists.
Weights open_weights(const fs::path& folder) {
  const fs::path single = folder / "model.safetensors";
  const fs::path index = folder / "model.safetensors.index.json";
  std::vector<SafeTensors> files;
  if (fs::exists(single)) {
    files.push_back(SafeTensors::open(single));
  } else if (fs::exists(index)) {
    const Config map = Config::read(index).at("weight_map");
    std::set<std::string> names;
    for (const auto& [tensor, file] : map.json().items()) {
      const auto name = map.require<std::string>(tensor);
      if (fs::path(name).filename() != name) {
        throw LoadError("[Transformer] " + map.name(tensor) +
                        ": expected a file beside it, found \"" + name + "\"");
      }
      names.insert(name);
    }
    for (const std::string& name : names) files.push_back(SafeTensors::open(folder / name));
  } else if (fs::exists(folder / "pytorch_model.bin")) {
    throw UnsupportedError("[Transformer] " + folder.string() +
                           " has its weights only as pytorch_model.bin; expected model.safetensors "
                           "(Python's save_pretrained writes one)");
  }
  if (files.empty()) throw LoadError("[Transformer] " + single.string() + " is missing");
  return Weights(std::move(files));
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
    : Transformer(folder, Config::read(folder / "config.json"), read_settings(folder)) {}

Transformer::Transformer(const fs::path& folder, const Config& model, const Config& settings)
    : tokenizer_(Tokenizer::from_pretrained(folder, settings.get<bool>("do_lower_case", false))),
      weights_(open_weights(folder)),
      encoder_(register_module("auto_model", make_encoder(model, *weights_))) {
  if (tokenizer_.vocab_size() > encoder_->vocab_size()) {
    throw LoadError("[Transformer] " + folder.string() + ": the tokenizer has " +
                    std::to_string(tokenizer_.vocab_size()) + " tokens, config.json's vocab_size " +
                    "is " + std::to_string(encoder_->vocab_size()));
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

void Transformer::set_max_seq_length(int64_t length) {
  if (!in_range(length, tokenizer_, *encoder_)) {
    throw std::invalid_argument("[SentenceTransformer::set_max_seq_length] " +
                                range_text(tokenizer_, *encoder_) + std::to_string(length));
  }
  max_seq_length_ = length;
}

void Transformer::forward(Features& features) const {
  features.token_embeddings = encoder_->forward(features.batch);
}

}  // namespace sentence_transformers
