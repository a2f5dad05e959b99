#include "modules/module_config.h"

#include <sentence_transformers/error.h>

#include <algorithm>

#include "core/quoted.h"
#include "tokenizers/words/python_text.h"

namespace sentence_transformers {

std::string present_key(const Config& config, const char* today, const char* before) {
  return config.has(before) && !config.has(today) ? before : today;
}

void check_keys(const Config& config, std::initializer_list<std::string_view> known,
                const std::string& module) {
  for (const auto& [key, value] : config.json().items()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      throw UnsupportedError("[" + module + "] " + config.name(key) + " is not known");
    }
  }
}

void check_input_size(const Config& config, const std::string& key, int64_t given,
                      const std::string& module) {
  const int64_t size = config.require_at_least(key, 1);
  if (size == given) return;
  throw LoadError("[" + module + "] " + config.name(key) + ": expected " + std::to_string(given) +
                  ", as the module before it gives, found " + std::to_string(size));
}

bool works_on_tokens(const Config& config, const std::string& module) {
  const std::string sentence = "sentence_embedding", tokens = "token_embeddings";
  const auto read = [&](const char* key, const std::string& fallback) {
    const auto name = config.get<std::string>(key, fallback);
    if (name == sentence || name == tokens) return name;
    throw UnsupportedError("[" + module + "] " + config.name(key) + " is " + in_quotes(name) +
                           "; known: " + sentence + ", " + tokens);
  };
  const std::string input = read("module_input_name", sentence);
  if (read("module_output_name", input) != input) {
    throw UnsupportedError("[" + module + "] " + config.name("module_output_name") +
                           ": expected \"" + input + "\", what it reads");
  }
  return input == tokens;
}

void check_embeddings(const std::filesystem::path& folder, const FeatureSizes& sizes,
                      bool of_tokens, const std::string& module) {
  if ((of_tokens ? sizes.token_embeddings : sizes.sentence_embedding) > 0) return;
  throw LoadError("[" + module + "] " + folder.string() + ": expected a " +
                  (of_tokens ? "module before it that embeds tokens" : "Pooling module before it"));
}

std::vector<float> word_weights(const Config& config, const std::vector<std::string>& vocabulary) {
  const auto unknown = config.get<double>("unknown_word_weight", 1);
  std::optional<Config> weights;
  if (config.has("word_weights")) weights = config.at("word_weights");
  std::vector<float> result;
  result.reserve(vocabulary.size());
  for (const std::string& word : vocabulary) {
    double weight = unknown;
    if (weights && weights->has(word)) {
      weight = weights->require<double>(word);
    } else if (weights) {
      weight = weights->get<double>(python::lower(word), unknown);
    }
    result.push_back(static_cast<float>(weight));
  }
  return result;
}

}  // namespace sentence_transformers
