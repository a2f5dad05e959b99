// trainer_state.json: where a run stands, written into checkpoints and checked when it comes back.
#pragma once

#include <sentence_transformers/trainer.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace sentence_transformers {

struct RunState {
  int64_t step = 0;
  int64_t epoch = 0, batches_done = 0;  // batches of the epoch under way
  int64_t evaluated_step = -1;
  Metrics metrics = {}, best_metrics = {};
  std::optional<double> best_metric = {};
  std::string best_checkpoint = {};  // a folder's name beside this one, or ""
  nlohmann::json history = nlohmann::json::array();
  double loss_since_log = 0;  // the sum of the steps behind logged_step
  int64_t logged_step = 0;
  std::vector<Metrics> callbacks = {};
  std::map<std::string, int64_t> csv_sizes = {};  // of the evaluators' files, in bytes
};

nlohmann::json to_json(const RunState& state);

/// What a run can have come to.
struct RunLimits {
  int64_t max_steps, batches_an_epoch;
};

/// Throws LoadError, naming `file` and the key, for whatever no run within these limits writes.
RunState read_run_state(const nlohmann::json& json, const std::filesystem::path& file,
                        const RunLimits& limits);

}  // namespace sentence_transformers
