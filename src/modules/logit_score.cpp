#include "modules/logit_score.h"

#include <sentence_transformers/error.h>

#include "core/config.h"
#include "core/quoted.h"

namespace sentence_transformers {
namespace {

constexpr const char* kInput = "causal_logits";

}  // namespace

LogitScore::LogitScore(const std::filesystem::path& folder) {
  const Config config = Config::read(folder / "config.json");
  const auto input = config.get<std::string>("module_input_name", kInput);
  if (input != kInput) {
    throw UnsupportedError("[LogitScore] " + config.name("module_input_name") + " is " +
                           in_quotes(input) + "; known: " + kInput);
  }
  config_ = {config.require_at_least("true_token_id", 0), config.find<int64_t>("false_token_id")};
}

void LogitScore::write(const std::filesystem::path& folder) const {
  nlohmann::ordered_json json = {{"true_token_id", config_.true_token_id},
                                 {"false_token_id", nullptr},
                                 {"module_input_name", kInput}};
  if (config_.false_token_id) json["false_token_id"] = *config_.false_token_id;
  write_json(folder / "config.json", json);
}

}  // namespace sentence_transformers
