#include "core/config_lists.h"

#include <sentence_transformers/error.h>

namespace sentence_transformers {
namespace {

const nlohmann::json& require_list(const Config& config, const std::string& key) {
  if (!config.has(key)) {
    throw LoadError("[Config] " + config.name(key) + " is missing; expected a list");
  }
  const nlohmann::json& value = config.json()[key];
  if (value.is_array()) return value;
  throw LoadError("[Config] " + config.name(key) + ": expected a list, found " + shown(value));
}

}  // namespace

std::vector<std::string> require_strings(const Config& config, const std::string& key) {
  std::vector<std::string> result;
  for (const nlohmann::json& value : require_list(config, key)) {
    if (!value.is_string()) {
      throw LoadError("[Config] " + config.name(key) + ": expected strings, found " + shown(value));
    }
    result.push_back(value.get<std::string>());
  }
  return result;
}

std::vector<int64_t> require_integers(const Config& config, const std::string& key, int64_t least) {
  std::vector<int64_t> result;
  for (const nlohmann::json& value : require_list(config, key)) {
    // Beyond int64 the parser falls back to unsigned numbers, which turn negative here.
    if (!value.is_number_integer() || value.get<int64_t>() < least) {
      throw LoadError("[Config] " + config.name(key) + ": expected integers of at least " +
                      std::to_string(least) + ", found " + shown(value));
    }
    result.push_back(value.get<int64_t>());
  }
  return result;
}

}  // namespace sentence_transformers
