// A run's history: log.jsonl, and its curves as a picture.
#pragma once

#include <sentence_transformers/trainer.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace sentence_transformers {

class RunLog {
 public:
  /// Writes log.jsonl and curves.svg in `folder`; "" keeps the history in memory alone.
  explicit RunLog(std::filesystem::path folder) : folder_(std::move(folder)) {}

  void add_training(const TrainingState& state);
  /// Lines of the data's files that are left out.
  void add_bad_lines(const std::string& dataset, const ReadReport& report);
  /// Data that is shuffled within a window of so many examples.
  void add_shuffle_window(const std::string& dataset, int64_t examples);
  void add_evaluation(const TrainingState& state, const std::string& primary_metric);

  /// One object a line: step, epoch, loss, learning_rate, grad_norm, steps_per_second; or step,
  /// epoch, "metrics" and "primary_metric"; or, at step 0, dataset, bad_lines and messages; or
  /// dataset and shuffle_window.
  const nlohmann::json& history() const { return history_; }
  /// Goes on from a checkpoint's history; log.jsonl then holds no more than that.
  void restore(nlohmann::json history);

  void write_curves() const;

 private:
  void add(nlohmann::json line);

  std::filesystem::path folder_;
  nlohmann::json history_ = nlohmann::json::array();
};

/// A number of one of its lines; nothing where it is missing or no finite number, which JSON writes
/// as null.
std::optional<double> number_of(const nlohmann::json& line, const std::string& key);

/// Loss over steps, and below it the primary metric, if there is one, as a small SVG picture.
std::string draw_curves(const nlohmann::json& history);

/// The name of the last evaluation's primary metric, or "".
std::string primary_metric(const nlohmann::json& history);

}  // namespace sentence_transformers
