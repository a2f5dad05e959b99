// The training loop, for any model: batches, losses, gradients, steps, and what happens between
// them.
#pragma once

#include <sentence_transformers/trainer.h>

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace sentence_transformers {

/// What the loop needs of a model.
struct TrainedModel {
  std::function<NamedTensors()> named_parameters;
  /// Those of a folder that `save` wrote, wherever its modules keep them.
  std::function<NamedTensors(const std::filesystem::path&)> saved_parameters;
  std::function<void(bool)> train;
  std::function<void(double)> set_dropout;
  std::function<void(bool)> set_gradient_checkpointing;
  std::function<void(bool)> set_autocast;
  std::function<void(const std::filesystem::path&)> save;
  std::filesystem::path folder;  // that it was loaded from
  c10::Device device;
};

struct LoopTask {
  std::string name;
  std::shared_ptr<const Dataset> dataset;
  std::vector<std::string> prompts, routes;
  std::string loss_name;
  std::function<at::Tensor(const Batch&)> loss;
  NamedTensors loss_parameters;
};

struct LoopEvaluator {
  std::function<Metrics(const EvaluationContext&)> evaluate;
  std::function<std::string(const Metrics&)> primary_metric;
};

struct TrainerInternals {
  TrainerInternals(TrainedModel model, TrainingArguments arguments, std::vector<LoopTask> tasks,
                   std::optional<LoopEvaluator> evaluator);

  TrainingResult run(const std::optional<std::filesystem::path>& checkpoint);
  /// Model and loss parameters, the latter as "loss.NAME" (or "loss.TASK.NAME" of several tasks).
  NamedTensors parameters() const;
  /// Moves the losses' parameters to the model's device, in place.
  void follow_model() const;

  TrainedModel model;
  TrainingArguments arguments;
  std::vector<LoopTask> tasks;
  std::optional<LoopEvaluator> evaluator;
  std::vector<std::shared_ptr<TrainerCallback>> callbacks;

  // What the last run left, for the model card.
  TrainingState state;
  nlohmann::json history = nlohmann::json::array();
};

}  // namespace sentence_transformers
