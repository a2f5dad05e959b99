#include "modules/query_expansion.h"

#include <sentence_transformers/error.h>

#include "core/quoted.h"
#include "modules/module_config.h"

namespace sentence_transformers {
namespace {

QueryExpansion read_expansion(const Config& config) {
  check_keys(config, {"strategy", "length", "attend", "token"}, "Transformer");
  const auto strategy = config.require<std::string>("strategy");
  if (strategy != "fixed" && strategy != "min") {
    throw LoadError("[Transformer] " + config.name("strategy") + " is " + in_quotes(strategy) +
                    "; known: fixed, min");
  }
  return {.length = config.require_at_least("length", 1),
          .fixed = strategy == "fixed",
          .attend = config.get<bool>("attend", false),
          .token = config.find<std::string>("token")};
}

std::optional<int64_t> read_length(const Config& config, const std::string& key,
                                   const std::optional<int64_t>& fallback) {
  if (config.has(key)) return config.require_at_least(key, 1);
  return config.json().contains(key) ? std::nullopt : fallback;  // null: no limit of its own
}

}  // namespace

TaskLengths TaskLengths::read(const Config& config, const TaskLengths& fallback) {
  TaskLengths lengths{.query = read_length(config, "query_length", fallback.query),
                      .document = read_length(config, "document_length", fallback.document),
                      .expansion = fallback.expansion};
  const auto expansion = config.json().find("query_expansion");
  if (config.has("query_expansion")) {
    lengths.expansion = read_expansion(config.at("query_expansion"));
  } else if (expansion != config.json().end()) {
    lengths.expansion.reset();  // null: none, whatever others say
  }
  if (lengths.expansion && lengths.query && *lengths.query < lengths.expansion->length) {
    throw LoadError("[Transformer] " + config.name("query_length") + " is " +
                    std::to_string(*lengths.query) + "; expected at least the length of " +
                    "\"query_expansion\", " + std::to_string(lengths.expansion->length));
  }
  return lengths;
}

void TaskLengths::write(nlohmann::ordered_json& settings) const {
  if (query) settings["query_length"] = *query;
  if (document) settings["document_length"] = *document;
  if (!expansion) return;
  settings["query_expansion"] = {{"strategy", expansion->fixed ? "fixed" : "min"},
                                 {"attend", expansion->attend},
                                 {"token", nullptr},
                                 {"length", expansion->length}};
  if (expansion->token) settings["query_expansion"]["token"] = *expansion->token;
}

}  // namespace sentence_transformers
