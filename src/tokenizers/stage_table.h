// A table from the "type" of a stage in tokenizer.json to the function that makes it.
#pragma once

#include <sentence_transformers/error.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/config.h"

namespace sentence_transformers {

template <class Stage>
struct StageMaker {
  std::string_view type;
  std::unique_ptr<Stage> (*make)(const Config&);
};

/// The stage that `config` describes. Throws UnsupportedError, with the names of the table, for a
/// type that it lacks.
template <class Stage>
std::unique_ptr<Stage> make_stage(std::span<const StageMaker<Stage>> table, const Config& config) {
  const auto type = config.require<std::string>("type");
  std::string known;
  for (const StageMaker<Stage>& row : table) {
    if (row.type == type) return row.make(config);
    known += (known.empty() ? "" : ", ") + std::string(row.type);
  }
  throw UnsupportedError("[Tokenizer] " + config.name("type") + " is \"" + type +
                         "\"; known: " + known);
}

/// The members of a list of objects. Throws LoadError if it is missing or holds anything else.
inline std::vector<Config> read_stages(const Config& config, const std::string& key) {
  const auto list = config.json().find(key);
  if (list == config.json().end() || !list->is_array()) {
    throw LoadError("[Tokenizer] " + config.name(key) + ": expected a list");
  }
  std::vector<Config> members;
  for (size_t i = 0; i < list->size(); ++i) {
    members.emplace_back((*list)[i], config.file(), key + "[" + std::to_string(i) + "]");
  }
  return members;
}

}  // namespace sentence_transformers
