// What stays of a run: logs, evaluations, checkpoints, and the way back from them.
#include <ATen/core/grad_mode.h>
#include <sentence_transformers/error.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "core/config.h"
#include "core/json.h"
#include "training/distributed.h"
#include "training/report_files.h"
#include "training/run.h"
#include "training/run_files.h"
#include "training/run_state.h"

namespace sentence_transformers {
namespace {

namespace fs = std::filesystem;

/// What a checkpoint and the run that goes on from it must have in common, beside the data.
nlohmann::json fingerprint(const TrainingArguments& a, int64_t steps_an_epoch, int64_t max_steps) {
  return {{"seed", std::to_string(a.seed)},
          {"steps_an_epoch", steps_an_epoch},
          {"max_steps", max_steps},
          {"batch_size", a.per_device_train_batch_size},
          {"world_size", world_size()},
          {"gradient_accumulation_steps", a.gradient_accumulation_steps},
          {"shuffle_buffer", a.shuffle_buffer},
          {"batch_sampler", static_cast<int>(a.batch_sampler)},
          {"multi_dataset_batch_sampler", static_cast<int>(a.multi_dataset_batch_sampler)}};
}

}  // namespace

bool Run::writes() const { return !args_.output_dir.empty() && rank() == 0; }

void Run::make_output() const {
  std::error_code error;
  fs::create_directories(args_.output_dir, error);
  if (error) throw Error("[Trainer] " + args_.output_dir.string() + ": " + error.message());
  remove_unfinished(args_.output_dir);
}

void Run::log() {
  const auto steps = static_cast<double>(state_.step - log_step_);
  if (steps < 1) return;
  state_.loss = log_loss_ / steps;
  state_.steps_per_second = static_cast<double>(state_.step - speed_step_) /
                            std::chrono::duration<double>(Clock::now() - log_start_).count();
  log_loss_ = 0;
  log_step_ = speed_step_ = state_.step;
  log_start_ = Clock::now();
  log_.add_training(state_);
  for (const auto& callback : t_.callbacks) callback->on_log(state_);
}

/// What of the data is not as one might expect; in the log of a new run, too.
void Run::note_data() {
  const bool is_new = log_.history().empty();
  for (const LoopTask& task : t_.tasks) {
    const ReadReport report = task.dataset->report();
    if (report.bad_lines > 0) {
      notes_.push_back(task.name + ": " + std::to_string(report.bad_lines) +
                       " bad lines are left out, the first: " + report.messages[0]);
      if (is_new) log_.add_bad_lines(task.name, report);
    }
    if (!is_shuffled_whole(*task.dataset, args_.shuffle_buffer)) {
      notes_.push_back(task.name +
                       ": can only be read front to back, and so is shuffled within a "
                       "window of " +
                       std::to_string(args_.shuffle_buffer) +
                       " of its examples; unpack the file, or raise shuffle_buffer");
      if (is_new) log_.add_shuffle_window(task.name, args_.shuffle_buffer);
    }
  }
}

/// All processes evaluate, and so agree; the first one writes.
void Run::evaluate() {
  if (!t_.evaluator || state_.step == evaluated_step_) return;
  const bool is_first = evaluated_step_ < 0;
  evaluated_step_ = state_.step;
  t_.model.train(false);
  {
    const at::NoGradGuard no_grad;
    state_.metrics = t_.evaluator->evaluate({.output_path = writes() ? args_.output_dir : "",
                                             .epoch = state_.epoch,
                                             .steps = state_.step});
  }
  t_.model.train(true);
  // A run is judged by one metric: its first evaluation's.
  std::string primary = primary_metric(log_.history());
  if (primary.empty()) primary = t_.evaluator->primary_metric(state_.metrics);
  const auto found = state_.metrics.find(primary);
  if (found == state_.metrics.end()) {
    throw std::invalid_argument("[Trainer] the evaluator's results lack its primary metric \"" +
                                primary + "\"");
  }
  log_.add_evaluation(state_, primary);
  log_.write_curves();
  state_.primary_metric = primary;
  state_.best_metric = best_metric_;
  if (!best_metric_ && !is_first) state_.best_metric = -std::numeric_limits<double>::infinity();
  for (const auto& callback : t_.callbacks) callback->on_evaluate(state_);
  const double value = found->second;
  if (std::isnan(value) || (best_metric_ && value <= *best_metric_)) return;
  best_metric_ = value;
  best_metrics_ = state_.metrics;
  if (!args_.load_best_model_at_end) return;
  best_checkpoint_ = state_.step == saved_step_
                         ? last_checkpoint_
                         : args_.output_dir / ("checkpoint-" + std::to_string(state_.step));
  save();
}

void Run::save() {
  if (args_.output_dir.empty() || state_.step == saved_step_) return;
  saved_step_ = state_.step;
  if (!writes()) {  // the first process does, and all must know the name
    last_checkpoint_ = args_.output_dir / ("checkpoint-" + std::to_string(state_.step));
    return;
  }
  RunState state{.step = state_.step,
                 .epoch = epoch_,
                 .batches_done = batches_done_,
                 .evaluated_step = evaluated_step_,
                 .metrics = state_.metrics,
                 .best_metrics = best_metrics_,
                 .best_metric = best_metric_,
                 .best_checkpoint = best_checkpoint_.filename().string(),
                 .history = log_.history(),
                 .loss_since_log = log_loss_,
                 .logged_step = log_step_,
                 .csv_sizes = report_sizes(args_.output_dir)};
  for (const auto& callback : t_.callbacks) state.callbacks.push_back(callback->state());
  Checkpoint checkpoint{to_json(state), {}};
  checkpoint.state["run"] = fingerprint(args_, steps_an_epoch_, state_.max_steps);
  for (const auto& [name, tensor] : optimizer_.state()) checkpoint.tensors[name] = tensor;
  for (const auto& [name, tensor] : t_.parameters()) {
    if (name.starts_with("loss.")) checkpoint.tensors[name] = tensor.detach();
  }
  last_checkpoint_ = write_checkpoint(args_.output_dir, state_.step, checkpoint, t_.model.save);
  // The model's own folder has the tokenizer that every checkpoint gets a copy of.
  remove_old_checkpoints(args_.output_dir, args_.save_total_limit,
                         {best_checkpoint_, t_.model.folder});
  for (const auto& callback : t_.callbacks) callback->on_save(state_, last_checkpoint_);
}

void Run::restore(const fs::path& folder) {
  const Checkpoint checkpoint = read_checkpoint(folder);
  const Config state(checkpoint.state, folder / "trainer_state.json");
  const Config run = state.at("run");
  const nlohmann::json own = fingerprint(args_, steps_an_epoch_, state_.max_steps);
  for (const auto& [key, here] : own.items()) {
    const nlohmann::json there = run.has(key) ? run.json()[key] : nlohmann::json();
    if (there == here) continue;
    throw LoadError("[Trainer::resume] " + run.name(key) + " is " + shown(there) +
                    ", this run has " + shown(here) + ": data or arguments differ");
  }
  const RunState saved =
      read_run_state(checkpoint.state, state.file(),
                     {state_.max_steps, steps_an_epoch_ * args_.gradient_accumulation_steps});
  state_.step = saved.step;
  epoch_ = saved.epoch;
  batches_done_ = saved.batches_done;
  evaluated_step_ = saved.evaluated_step;
  best_metric_ = saved.best_metric;
  state_.metrics = saved.metrics;
  best_metrics_ = saved.best_metrics;
  log_loss_ = saved.loss_since_log;
  log_step_ = saved.logged_step;
  callback_states_ = saved.callbacks;
  if (!saved.best_checkpoint.empty()) {
    best_checkpoint_ = folder.parent_path() / saved.best_checkpoint;
    if (args_.load_best_model_at_end) read_checkpoint(best_checkpoint_);
  }
  update_epoch();
  log_.restore(saved.history);
  std::error_code none;
  if (writes() && fs::equivalent(folder.parent_path(), args_.output_dir, none) &&
      state.has("csv_sizes")) {
    cut_reports(args_.output_dir, saved.csv_sizes);
  }
  copy_parameters(t_.model.saved_parameters(folder), t_.model.named_parameters(), folder);
  optimizer_.load(checkpoint.tensors, "[Trainer::resume] " + folder.string());
  restore_losses(checkpoint, folder);
  saved_step_ = state_.step;
  last_checkpoint_ = folder;
}

/// The parameters that losses own lie in the checkpoint, beside the optimizer's state.
void Run::restore_losses(const Checkpoint& checkpoint, const fs::path& folder) const {
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
}

void Run::load_best() {
  if (!args_.load_best_model_at_end || best_checkpoint_.empty() || signalled_) return;
  if (rank() == 0) {
    copy_parameters(t_.model.saved_parameters(best_checkpoint_), t_.model.named_parameters(),
                    best_checkpoint_);
    restore_losses(read_checkpoint(best_checkpoint_), best_checkpoint_);
  }
  broadcast_parameters(t_.parameters());
  state_.metrics = best_metrics_;
}

/// What is due at the end, or when a run was stopped. The checkpoint comes first: the steps since
/// the last log make a line of their own here, but none in a run that goes on.
void Run::finish() {
  if (stop_ || args_.save_strategy != Interval::never) save();
  log();
  log_.write_curves();
}

}  // namespace sentence_transformers
