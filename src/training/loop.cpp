#include "training/loop.h"

#include <ATen/autocast_mode.h>
#include <sentence_transformers/error.h>

#include <chrono>
#include <cmath>
#include <stdexcept>

#include "core/config.h"
#include "core/progress.h"
#include "nn/random_state.h"
#include "training/distributed.h"
#include "training/optimizer.h"
#include "training/run_files.h"
#include "training/run_log.h"
#include "training/sampler.h"
#include "training/signals.h"

namespace sentence_transformers {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// bfloat16 products for the length of a scope.
class Autocast {
 public:
  Autocast(c10::Device device, bool on)
      : device_(device.type()), before_(at::autocast::is_autocast_enabled(device_)) {
    at::autocast::set_autocast_enabled(device_, on || before_);
    if (on) at::autocast::set_autocast_dtype(device_, at::kBFloat16);
  }
  ~Autocast() {
    at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(device_, before_);
  }
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  at::DeviceType device_;
  bool before_;
};

/// The model is back in eval mode, however the run ends.
class TrainMode {
 public:
  explicit TrainMode(const TrainedModel& model) : model_(model) { model_.train(true); }
  ~TrainMode() {
    try {
      model_.train(false);
    } catch (...) {  // packing ran out of memory: the plain weights still work
    }
  }
  TrainMode(const TrainMode&) = delete;
  TrainMode& operator=(const TrainMode&) = delete;

 private:
  const TrainedModel& model_;
};

/// One run: from the first step, or a checkpoint, to the last.
class Run {
 public:
  explicit Run(TrainerInternals& trainer)
      : t_(trainer),
        args_(trainer.arguments),
        optimizer_(trainer.parameters(), args_),
        log_(writes() ? args_.output_dir : fs::path()) {
    for (const LoopTask& task : t_.tasks) datasets_.push_back(task.dataset);
    sampling_ = {.batch_size = args_.per_device_train_batch_size * world_size(),
                 .batch_sampler = args_.batch_sampler,
                 .multi_dataset_sampler = args_.multi_dataset_batch_sampler,
                 .drop_last = args_.dataloader_drop_last,
                 .shuffle_buffer = args_.shuffle_buffer,
                 .seed = args_.seed};
    const int64_t batches = batches_per_epoch(datasets_, sampling_);
    steps_an_epoch_ =
        (batches + args_.gradient_accumulation_steps - 1) / args_.gradient_accumulation_steps;
    if (steps_an_epoch_ < 1) {
      throw std::invalid_argument("[Trainer] the data gives no batch of " +
                                  std::to_string(args_.per_device_train_batch_size));
    }
    state_.max_steps = args_.max_steps > 0
                           ? args_.max_steps
                           : static_cast<int64_t>(std::ceil(args_.num_train_epochs *
                                                            static_cast<double>(steps_an_epoch_)));
  }

  TrainingResult train(const std::optional<fs::path>& checkpoint) {
    if (writes()) make_output();
    if (checkpoint) {
      restore(find_checkpoint(*checkpoint));
    } else {
      log_.restore(nlohmann::json::array());
    }
    const SignalGuard signals(args_.stop_on_signal);
    if (args_.dropout) t_.model.set_dropout(*args_.dropout);
    t_.model.set_gradient_checkpointing(args_.gradient_checkpointing);
    start_ = log_start_ = Clock::now();
    first_step_ = log_step_ = state_.step;
    {
      const TrainMode mode(t_.model);
      for (const auto& callback : t_.callbacks) callback->on_train_begin(state_);
      ProgressBar bar("Training", state_.max_steps, args_.show_progress_bar && is_first(), "step",
                      state_.step);
      while (state_.step < state_.max_steps && !stop_) epoch(bar, signals);
      finish();
    }
    if (args_.load_best_model_at_end && !best_checkpoint_.empty()) {
      t_.model.train(true);  // drops the packed weights
      read_parameters(best_checkpoint_, t_.model.named_parameters());
      t_.model.train(false);
    }
    for (const auto& callback : t_.callbacks) callback->on_train_end(state_);
    t_.state = state_;
    t_.history = log_.history();
    const double seconds = seconds_since(start_);
    const auto steps = static_cast<double>(std::max<int64_t>(1, state_.step - first_step_));
    return {.steps = state_.step,
            .epochs = state_.epoch,
            .train_loss = total_loss_ / steps,
            .seconds = seconds,
            .steps_per_second = steps / seconds,
            .stopped = stop_,
            .signal = signals.received(),
            .best_metric = best_metric_,
            .best_checkpoint = best_checkpoint_,
            .last_checkpoint = last_checkpoint_};
  }

 private:
  bool is_first() const { return rank() == 0; }
  bool writes() const { return !args_.output_dir.empty() && is_first(); }

  void make_output() {
    std::error_code error;
    fs::create_directories(args_.output_dir, error);
    if (error) throw Error("[Trainer] " + args_.output_dir.string() + ": " + error.message());
  }

  /// Steps until the data ends, or the run.
  void epoch(ProgressBar& bar, const SignalGuard& signals) {
    BatchStream stream(datasets_, sampling_, epoch_);
    DrawnBatch drawn;
    for (int64_t i = 0; i < batches_done_; ++i) {
      if (!stream.next(drawn)) break;
    }
    while (state_.step < state_.max_steps && !stop_) {
      std::vector<DrawnBatch> parts;
      while (static_cast<int64_t>(parts.size()) < args_.gradient_accumulation_steps &&
             stream.next(drawn)) {
        parts.push_back(std::move(drawn));
      }
      if (parts.empty()) break;
      batches_done_ += static_cast<int64_t>(parts.size());
      step(parts, signals);
      char note[48];
      std::snprintf(note, sizeof note, "loss %.4f", last_loss_);
      bar.update(state_.step, note);
    }
    if (batches_done_ == 0) {
      throw Error("[Trainer] epoch " + std::to_string(epoch_) + " of the data gave no batch");
    }
    const bool data_ended = state_.step < state_.max_steps && !stop_;
    if (data_ended || state_.step >= state_.max_steps) {
      if (args_.eval_strategy == Interval::epoch) evaluate();
      if (args_.save_strategy == Interval::epoch) save();
    }
    if (data_ended) {
      ++epoch_;
      batches_done_ = 0;
    }
  }

  void step(const std::vector<DrawnBatch>& parts, const SignalGuard& signals) {
    // A step's random numbers hang on nothing but its place in the run.
    constexpr uint64_t kStride = 1'000'003;
    seed_generators(
        t_.model.device,
        args_.seed + kStride * static_cast<uint64_t>(state_.step * world_size() + rank()));
    double loss = 0;
    for (const DrawnBatch& part : parts) {
      loss += backward(part) / static_cast<double>(parts.size());
    }
    if (parts.size() > 1) scale_gradients(1.0 / static_cast<double>(parts.size()));
    bool wants_stop = signals.received() != 0;
    average_gradients(t_.parameters(), loss, wants_stop);
    state_.learning_rate = scheduled_rate(args_, state_.step, state_.max_steps);
    state_.grad_norm = optimizer_.clip_gradients(args_.max_grad_norm);
    if (!std::isfinite(state_.grad_norm)) fail("the gradients hold", parts.front());
    optimizer_.step(state_.learning_rate);

    ++state_.step;
    state_.epoch = static_cast<double>(epoch_) +
                   std::min(1.0, static_cast<double>(batches_done_) /
                                     static_cast<double>(args_.gradient_accumulation_steps) /
                                     static_cast<double>(steps_an_epoch_));
    last_loss_ = loss;
    total_loss_ += loss;
    log_loss_ += loss;
    stop_ = wants_stop;
    if (state_.step % args_.logging_steps == 0) log();
    if (args_.eval_strategy == Interval::steps && state_.step % args_.eval_steps == 0) evaluate();
    if (args_.save_strategy == Interval::steps && state_.step % args_.save_steps == 0) save();
    for (const auto& callback : t_.callbacks) stop_ = !callback->on_step_end(state_) || stop_;
  }

  /// This process's share of one batch; its gradients add to what is there. The loss is its part of
  /// the batch's mean.
  double backward(const DrawnBatch& drawn) {
    const LoopTask& task = t_.tasks[drawn.dataset];
    const auto count = static_cast<int64_t>(drawn.examples.size());
    const int64_t world = world_size();
    if (count < world) return 0;  // every process needs an example
    const int64_t begin = count * rank() / world, end = count * (rank() + 1) / world;
    const Batch batch{{drawn.examples.begin() + begin, drawn.examples.begin() + end}, task.prompts};
    at::Tensor loss;
    {
      const at::AutoGradMode gradients(true);
      const Autocast autocast(t_.model.device, args_.bf16);
      loss = task.loss(batch);
    }
    const auto value = loss.item<double>();
    if (!std::isfinite(value)) fail("the loss is " + std::to_string(value) + " for", drawn);
    const double share =
        static_cast<double>(end - begin) * static_cast<double>(world) / static_cast<double>(count);
    (share == 1.0 ? loss : loss * share).backward();
    return value * share;
  }

  void scale_gradients(double factor) {
    std::vector<at::Tensor> gradients;
    for (const auto& [name, parameter] : t_.parameters()) {
      if (parameter.grad().defined()) gradients.push_back(parameter.grad());
    }
    const at::NoGradGuard no_grad;
    at::_foreach_mul_(gradients, factor);
  }

  [[noreturn]] void fail(const std::string& what, const DrawnBatch& drawn) const {
    const Example& first = drawn.examples.front();
    throw Error("[Trainer] step " + std::to_string(state_.step + 1) + ", epoch " +
                std::to_string(epoch_) + ", batch " + std::to_string(batches_done_) +
                (t_.tasks.size() > 1 ? " of " + t_.tasks[drawn.dataset].name : "") + ": " + what +
                " no finite number; the batch begins with \"" +
                (first.texts.empty() ? "" : first.texts[0]) + "\"" +
                (last_checkpoint_.empty() ? "" : "; " + last_checkpoint_.string() + " is kept"));
  }

  void log() {
    const auto steps = static_cast<double>(state_.step - log_step_);
    if (steps < 1) return;
    state_.loss = log_loss_ / steps;
    state_.steps_per_second = steps / seconds_since(log_start_);
    log_loss_ = 0;
    log_step_ = state_.step;
    log_start_ = Clock::now();
    log_.add_training(state_);
    log_.write_curves();
    for (const auto& callback : t_.callbacks) callback->on_log(state_);
  }

  void evaluate() {
    if (!t_.evaluator || state_.step == evaluated_step_) return;
    evaluated_step_ = state_.step;
    t_.model.train(false);
    {
      const at::NoGradGuard no_grad;
      state_.metrics = t_.evaluator->evaluate({.output_path = writes() ? args_.output_dir : "",
                                               .epoch = state_.epoch,
                                               .steps = state_.step});
    }
    t_.model.train(true);
    const std::string primary = t_.evaluator->primary_metric(state_.metrics);
    log_.add_evaluation(state_, primary);
    log_.write_curves();
    for (const auto& callback : t_.callbacks) callback->on_evaluate(state_);
    const double value = state_.metrics.at(primary);
    if (best_metric_ && !(value > *best_metric_)) return;
    best_metric_ = value;
    if (!args_.load_best_model_at_end) return;
    best_checkpoint_ = args_.output_dir / ("checkpoint-" + std::to_string(state_.step));
    save();
  }

  void save() {
    if (args_.output_dir.empty() || state_.step == saved_step_) return;
    saved_step_ = state_.step;
    if (!is_first()) return;
    Checkpoint checkpoint;
    checkpoint.state = {{"step", state_.step},
                        {"epoch", epoch_},
                        {"batches_done", batches_done_},
                        {"seed", args_.seed},
                        {"steps_an_epoch", steps_an_epoch_},
                        {"metrics", state_.metrics},
                        {"evaluated_step", evaluated_step_},
                        {"history", log_.history()}};
    if (best_metric_) checkpoint.state["best_metric"] = *best_metric_;
    if (!best_checkpoint_.empty()) {
      checkpoint.state["best_checkpoint"] = best_checkpoint_.filename().string();
    }
    for (const auto& [name, tensor] : optimizer_.state()) checkpoint.tensors[name] = tensor;
    for (const auto& [name, tensor] : t_.parameters()) {
      if (name.starts_with("loss.")) checkpoint.tensors[name] = tensor.detach();
    }
    last_checkpoint_ = write_checkpoint(args_.output_dir, state_.step, checkpoint, t_.model.save);
    remove_old_checkpoints(args_.output_dir, args_.save_total_limit, best_checkpoint_);
    for (const auto& callback : t_.callbacks) callback->on_save(state_, last_checkpoint_);
  }

  void restore(const fs::path& folder) {
    const Checkpoint checkpoint = read_checkpoint(folder);
    const Config state(checkpoint.state, folder / "trainer_state.json");
    const auto require_same = [&](const char* key, int64_t here) {
      if (state.require<int64_t>(key) == here) return;
      throw LoadError("[Trainer::resume] " + state.name(key) + " is " +
                      std::to_string(state.require<int64_t>(key)) + ", this run has " +
                      std::to_string(here) + ": data or arguments differ");
    };
    require_same("seed", static_cast<int64_t>(args_.seed));
    require_same("steps_an_epoch", steps_an_epoch_);
    state_.step = state.require_at_least("step", 0);
    epoch_ = state.require_at_least("epoch", 0);
    batches_done_ = state.require_at_least("batches_done", 0);
    evaluated_step_ = state.get<int64_t>("evaluated_step", -1);
    best_metric_ = state.find<double>("best_metric");
    if (const auto best = state.find<std::string>("best_checkpoint")) {
      best_checkpoint_ = folder.parent_path() / *best;
    }
    log_.restore(checkpoint.state.value("history", nlohmann::json::array()));
    t_.model.train(true);  // drops the packed weights
    read_parameters(folder, t_.model.named_parameters());
    t_.model.train(false);
    optimizer_.load(checkpoint.tensors, "[Trainer::resume] " + folder.string());
    const at::NoGradGuard no_grad;
    for (const auto& [name, tensor] : t_.parameters()) {
      if (!name.starts_with("loss.")) continue;
      const auto found = checkpoint.tensors.find(name);
      if (found == checkpoint.tensors.end() || found->second.sizes() != tensor.sizes()) {
        throw LoadError("[Trainer::resume] " + folder.string() + ": tensor \"" + name +
                        "\" is missing or does not fit");
      }
      tensor.detach().copy_(found->second);
    }
    saved_step_ = state_.step;
    last_checkpoint_ = folder;
  }

  /// What is due at the end, or when a run was stopped.
  void finish() {
    log();
    if (args_.save_strategy != Interval::never) save();
    log_.write_curves();
  }

  TrainerInternals& t_;
  const TrainingArguments& args_;
  Datasets datasets_;
  SamplerOptions sampling_;
  AdamW optimizer_;
  RunLog log_;
  TrainingState state_;
  int64_t steps_an_epoch_ = 0, epoch_ = 0, batches_done_ = 0;  // of the epoch under way
  int64_t first_step_ = 0, log_step_ = 0, saved_step_ = -1, evaluated_step_ = -1;
  double total_loss_ = 0, log_loss_ = 0, last_loss_ = 0;
  Clock::time_point start_, log_start_;
  std::optional<double> best_metric_;
  fs::path best_checkpoint_, last_checkpoint_;
  bool stop_ = false;
};

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
      const bool known = std::any_of(seen.begin(), seen.end(),
                                     [&](const at::Tensor& t) { return t.is_same(tensor); });
      if (known) continue;
      seen.push_back(tensor);
      result.emplace_back("loss." + std::to_string(i) + "." + name, tensor);
    }
  }
  return result;
}

TrainingResult TrainerInternals::run(const std::optional<fs::path>& checkpoint) {
  start_distributed(arguments.ddp_timeout);
  broadcast_parameters(parameters());
  return Run(*this).train(checkpoint);
}

}  // namespace sentence_transformers
