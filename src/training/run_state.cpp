#include "training/run_state.h"

#include <sentence_transformers/error.h>

#include "core/config.h"
#include "training/run_files.h"

namespace sentence_transformers {
namespace {

[[noreturn]] void refuse(const std::string& name, const nlohmann::json& found,
                         const std::string& expected) {
  std::string text = found.is_structured() ? found.type_name() : found.dump();
  constexpr size_t kLongest = 100;
  if (text.size() > kLongest) text = text.substr(0, kLongest) + "...";
  throw LoadError("[Trainer::resume] " + name + " is " + text + "; expected " + expected);
}

/// A whole number in [least, most], which must be there.
int64_t number_in(const Config& config, const std::string& key, int64_t least, int64_t most) {
  const auto value = config.require<int64_t>(key);
  if (value < least || value > most) {
    refuse(config.name(key), value,
           std::to_string(least) + " to " + std::to_string(most) + ", as this run has");
  }
  return value;
}

/// The list under a key, or an empty one.
nlohmann::json list_of(const Config& config, const std::string& key) {
  if (!config.has(key)) return nlohmann::json::array();
  const nlohmann::json& list = config.json()[key];
  if (!list.is_array()) refuse(config.name(key), list, "a list");
  return list;
}

/// Numbers by name. NaN is null in JSON, and left out.
Metrics read_metrics(const Config& config, const std::string& key) {
  Metrics metrics;
  if (!config.has(key)) return metrics;
  const Config object = config.at(key);
  for (const auto& [name, value] : object.json().items()) {
    if (const auto number = object.find<double>(name)) metrics[name] = *number;
  }
  return metrics;
}

void check_history_line(const Config& line, int64_t step) {
  number_in(line, "step", 0, step);
  if (line.has("bad_lines") || line.has("shuffle_window")) {
    line.require<std::string>("dataset");
    line.find<int64_t>("bad_lines");
    line.find<int64_t>("shuffle_window");
    for (const auto& message : list_of(line, "messages")) {
      if (!message.is_string()) refuse(line.name("messages"), message, "a list of texts");
    }
    return;
  }
  line.require<double>("epoch");
  for (const char* key : {"loss", "learning_rate", "grad_norm", "steps_per_second"}) {
    line.find<double>(key);
  }
  if (!line.has("metrics")) return;
  read_metrics(line, "metrics");
  line.require<std::string>("primary_metric");
}

}  // namespace

nlohmann::json to_json(const RunState& state) {
  nlohmann::json json = {{"step", state.step},
                         {"epoch", state.epoch},
                         {"batches_done", state.batches_done},
                         {"evaluated_step", state.evaluated_step},
                         {"metrics", state.metrics},
                         {"best_metrics", state.best_metrics},
                         {"history", state.history},
                         {"loss_since_log", state.loss_since_log},
                         {"logged_step", state.logged_step},
                         {"callbacks", state.callbacks},
                         {"csv_sizes", state.csv_sizes}};
  if (state.best_metric) json["best_metric"] = *state.best_metric;
  if (!state.best_checkpoint.empty()) json["best_checkpoint"] = state.best_checkpoint;
  return json;
}

RunState read_run_state(const nlohmann::json& json, const std::filesystem::path& file,
                        const RunLimits& limits) {
  const Config config(json, file);
  RunState state;
  state.step = number_in(config, "step", 0, limits.max_steps);
  state.epoch = number_in(config, "epoch", 0, state.step);  // each has a step
  state.batches_done = number_in(config, "batches_done", 0, limits.batches_an_epoch);
  if (config.has("evaluated_step")) {
    state.evaluated_step = number_in(config, "evaluated_step", -1, state.step);
  }
  state.metrics = read_metrics(config, "metrics");
  state.best_metrics = read_metrics(config, "best_metrics");
  state.best_metric = config.find<double>("best_metric");
  state.best_checkpoint = config.get<std::string>("best_checkpoint", "");
  if (!state.best_checkpoint.empty() && !checkpoint_step(state.best_checkpoint)) {
    refuse(config.name("best_checkpoint"), state.best_checkpoint,
           "the name of a folder checkpoint-N beside this one");
  }
  state.history = list_of(config, "history");
  for (size_t i = 0; i < state.history.size(); ++i) {
    check_history_line(Config(state.history[i], file, "history." + std::to_string(i)), state.step);
  }
  state.loss_since_log = config.get<double>("loss_since_log", 0);
  state.logged_step = state.step;
  if (config.has("logged_step")) {
    state.logged_step = number_in(config, "logged_step", 0, state.step);
  }
  const nlohmann::json callbacks = list_of(config, "callbacks");
  for (size_t i = 0; i < callbacks.size(); ++i) {
    const std::string key = std::to_string(i);
    state.callbacks.push_back(read_metrics(Config({{key, callbacks[i]}}, file, "callbacks"), key));
  }
  if (config.has("csv_sizes")) {
    const Config sizes = config.at("csv_sizes");
    for (const auto& [name, value] : sizes.json().items()) {
      state.csv_sizes[name] = sizes.require_at_least(name, 0);
    }
  }
  return state;
}

}  // namespace sentence_transformers
