#include "training/trainer_internals.h"

#include <sentence_transformers/error.h>

#include <cmath>
#include <exception>
#include <stdexcept>

#include "training/agreement.h"
#include "training/distributed.h"
#include "training/error_text.h"
#include "training/run.h"

namespace sentence_transformers {
namespace {

void check(const TrainingArguments& a, bool has_evaluator) {
  const auto require = [](bool fits, const std::string& what) {
    if (!fits) throw std::invalid_argument("[Trainer] " + what);
  };
  require(a.per_device_train_batch_size >= 1, "per_device_train_batch_size: expected at least 1");
  require(a.gradient_accumulation_steps >= 1, "gradient_accumulation_steps: expected at least 1");
  require(a.max_steps > 0 || a.num_train_epochs > 0,
          "num_train_epochs: expected more than 0, or max_steps");
  require(std::isfinite(a.learning_rate) && a.learning_rate >= 0,
          "learning_rate: expected a number of at least 0");
  require(a.warmup_ratio >= 0 && a.warmup_ratio <= 1, "warmup_ratio: expected 0 to 1");
  require(a.logging_steps >= 1 && a.eval_steps >= 1 && a.save_steps >= 1,
          "logging_steps, eval_steps, save_steps: expected at least 1");
  require(a.shuffle_buffer >= 1, "shuffle_buffer: expected at least 1");
  require(a.eval_strategy == Interval::never || has_evaluator,
          "eval_strategy asks for evaluations, and there is no evaluator");
  require(
      !a.load_best_model_at_end || (a.eval_strategy != Interval::never && !a.output_dir.empty()),
      "load_best_model_at_end: expected an eval_strategy and an output_dir");
}

}  // namespace

TrainerInternals::TrainerInternals(TrainedModel model, TrainingArguments arguments,
                                   std::vector<LoopTask> tasks,
                                   std::optional<LoopEvaluator> evaluator)
    : model(std::move(model)),
      arguments(std::move(arguments)),
      tasks(std::move(tasks)),
      evaluator(std::move(evaluator)) {
  check(this->arguments, this->evaluator.has_value());
  if (this->tasks.empty()) throw std::invalid_argument("[Trainer] expected a dataset and a loss");
  for (size_t i = 0; i < this->tasks.size(); ++i) {
    LoopTask& task = this->tasks[i];
    if (task.name.empty()) task.name = "dataset " + std::to_string(i);
    if (task.dataset->size() == 0) {
      throw std::invalid_argument("[Trainer] " + task.name + " has no examples");
    }
  }
}

NamedTensors TrainerInternals::parameters() const {
  NamedTensors result = model.named_parameters();
  std::vector<at::Tensor> seen;  // a loss may serve several tasks
  for (size_t i = 0; i < tasks.size(); ++i) {
    for (const auto& [name, tensor] : tasks[i].loss_parameters) {
      const auto is_it = [&tensor = tensor](const at::Tensor& other) {
        return other.is_same(tensor);
      };
      const bool known = std::any_of(seen.begin(), seen.end(), is_it);
      if (known) continue;
      seen.push_back(tensor);
      result.emplace_back("loss." + std::to_string(i) + "." + name, tensor);
    }
  }
  return result;
}

TrainingResult TrainerInternals::run(const std::optional<std::filesystem::path>& checkpoint) {
  start_distributed(arguments.ddp_timeout);
  follow_model();
  check_agreement(*this);
  try {
    broadcast_parameters(parameters());
    return Run(*this).train(checkpoint);
  } catch (const c10::Error& e) {
    std::throw_with_nested(Error("[Trainer] " + reason_of(e)));
  }
}

void TrainerInternals::follow_model() const {
  for (const LoopTask& task : tasks) {
    for (const auto& [name, tensor] : task.loss_parameters) {
      if (tensor.device() == model.device) continue;
      tensor.mutable_grad().reset();
      tensor.set_data(tensor.detach().to(model.device));
    }
  }
}

}  // namespace sentence_transformers
