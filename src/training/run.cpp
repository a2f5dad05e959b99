#include "training/run.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <sentence_transformers/error.h>

#include <cmath>
#include <stdexcept>

#include "nn/random_state.h"
#include "training/distributed.h"
#include "training/run_files.h"

namespace sentence_transformers {
namespace {

namespace fs = std::filesystem;

/// The model is back in eval mode, however the run ends.
class TrainMode {
 public:
  TrainMode(const TrainedModel& model, const TrainingArguments& arguments) : model_(model) {
    model_.train(true);
    model_.set_gradient_checkpointing(arguments.gradient_checkpointing);
    model_.set_autocast(arguments.bf16);
  }
  ~TrainMode() {
    model_.set_gradient_checkpointing(false);
    model_.set_autocast(false);
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

}  // namespace

Run::Run(TrainerInternals& trainer)
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
               .seed = args_.seed,
               .least = world_size()};
  const int64_t batches = batches_per_epoch(datasets_, sampling_);
  steps_an_epoch_ =
      (batches + args_.gradient_accumulation_steps - 1) / args_.gradient_accumulation_steps;
  if (steps_an_epoch_ < 1) {
    throw std::invalid_argument("[Trainer] the data gives no batch of " +
                                std::to_string(args_.per_device_train_batch_size) +
                                (world_size() > 1 ? " for each process" : ""));
  }
  for (const auto& callback : t_.callbacks) {
    if (callback->needs_evaluations() && args_.eval_strategy == Interval::never) {
      throw std::invalid_argument(
          "[Trainer] a callback needs evaluations; expected an eval_strategy");
    }
  }
  state_.max_steps = args_.max_steps > 0
                         ? args_.max_steps
                         : static_cast<int64_t>(std::ceil(args_.num_train_epochs *
                                                          static_cast<double>(steps_an_epoch_)));
}

TrainingResult Run::train(const std::optional<fs::path>& checkpoint) {
  if (args_.dropout) t_.model.set_dropout(*args_.dropout);
  const SignalGuard signals(args_.stop_on_signal);
  {
    const TrainMode mode(t_.model, args_);
    drop_gradients();
    if (writes()) make_output();
    if (checkpoint) {
      const fs::path found = find_checkpoint(*checkpoint);
      std::error_code error;
      const fs::path whole = fs::canonical(found, error);  // its parent is the run's folder
      restore(error ? found : whole);
    } else {
      log_.restore(nlohmann::json::array());
    }
    note_data();
    start_ = log_start_ = Clock::now();
    first_step_ = speed_step_ = state_.step;
    for (size_t i = 0; i < t_.callbacks.size(); ++i) {
      t_.callbacks[i]->take_stop_request();  // of an earlier run
      t_.callbacks[i]->on_train_begin(state_);
      if (i < callback_states_.size()) t_.callbacks[i]->load_state(callback_states_[i]);
    }
    agree_on_stop(signals, false);
    ProgressBar bar("Training", state_.max_steps, args_.show_progress_bar && rank() == 0, "step",
                    state_.step);
    while (state_.step < state_.max_steps && !stop_) epoch(bar, signals);
    finish();
    load_best();
  }
  for (const auto& callback : t_.callbacks) callback->on_train_end(state_);
  t_.state = state_;
  t_.history = log_.history();
  return result(signals);
}

TrainingResult Run::result(const SignalGuard& signals) const {
  const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
  const auto steps = static_cast<double>(std::max<int64_t>(1, state_.step - first_step_));
  ReadReport read;
  for (const LoopTask& task : t_.tasks) {
    const ReadReport part = task.dataset->report();
    read.bad_lines += part.bad_lines;
    read.messages.insert(read.messages.end(), part.messages.begin(), part.messages.end());
  }
  return {.steps = state_.step,
          .epochs = state_.epoch,
          .train_loss = total_loss_ / steps,
          .seconds = seconds,
          .steps_per_second = steps / seconds,
          .stopped = stop_,
          .signal = signals.received(),
          .bad_lines = read.bad_lines,
          .bad_line_messages = std::move(read.messages),
          .best_metric = best_metric_,
          .best_checkpoint = best_checkpoint_,
          .last_checkpoint = last_checkpoint_,
          .notes = notes_};
}

/// Steps until the epoch's batches end, or the run.
void Run::epoch(ProgressBar& bar, const SignalGuard& signals) {
  BatchStream stream(datasets_, sampling_, epoch_);
  DrawnBatch drawn;
  for (int64_t i = 0; i < batches_done_; ++i) {
    if (!stream.next(drawn, /*wanted=*/false)) break;
  }
  while (state_.step < state_.max_steps && !stop_) {
    std::vector<DrawnBatch> parts;
    while (static_cast<int64_t>(parts.size()) < args_.gradient_accumulation_steps &&
           stream.next(drawn)) {
      parts.push_back(std::move(drawn));
    }
    if (parts.empty()) break;
    step(parts, signals);
    char note[24];
    std::snprintf(note, sizeof note, "loss %.4g", last_loss_);
    bar.update(state_.step, note);
  }
  if (batches_done_ == 0) {
    throw Error("[Trainer] epoch " + std::to_string(epoch_) + " of the data gave no batch");
  }
  if (stop_) return;
  if (args_.eval_strategy == Interval::epoch) evaluate();
  if (args_.save_strategy == Interval::epoch) save();
  if (state_.step == state_.max_steps) return;
  agree_on_stop(signals, false);
  if (stop_) return;
  ++epoch_;
  batches_done_ = 0;
}

void Run::step(std::vector<DrawnBatch>& parts, const SignalGuard& signals) {
  // A step's random numbers hang on nothing but its place in the run.
  constexpr uint64_t kStride = 1'000'003;
  seed_generators(t_.model.device, args_.seed + kStride * static_cast<uint64_t>(
                                                              state_.step * world_size() + rank()));
  double loss = 0;
  for (const DrawnBatch& part : parts) {
    ++batches_done_;
    loss += backward(part) / static_cast<double>(parts.size());
  }
  if (parts.size() > 1) scale_gradients(1.0 / static_cast<double>(parts.size()));
  average_gradients(t_.parameters(), loss);
  state_.learning_rate = scheduled_rate(args_, state_.step, state_.max_steps);
  state_.grad_norm = optimizer_.clip_gradients(args_.max_grad_norm);
  if (!std::isfinite(state_.grad_norm)) fail("the gradients are not finite", parts.front());
  optimizer_.step(state_.learning_rate);

  ++state_.step;
  update_epoch();
  last_loss_ = loss;
  total_loss_ += loss;
  log_loss_ += loss;
  if (state_.step % args_.logging_steps == 0) log();
  if (args_.eval_strategy == Interval::steps && state_.step % args_.eval_steps == 0) evaluate();
  if (args_.save_strategy == Interval::steps && state_.step % args_.save_steps == 0) save();
  bool asked = false;
  for (const auto& callback : t_.callbacks) asked = !callback->on_step_end(state_) || asked;
  agree_on_stop(signals, asked);
}

/// A signal or a callback of one process stops all.
void Run::agree_on_stop(const SignalGuard& signals, bool asked) {
  for (const auto& callback : t_.callbacks) asked = callback->take_stop_request() || asked;
  const auto [signalled, stop] = in_any_process({signals.received() != 0, asked});
  signalled_ = signalled;
  stop_ = stop || signalled;
}

/// This process's share of one batch; its gradients add to what is there. The loss is its part of
/// the batch's mean.
double Run::backward(const DrawnBatch& drawn) {
  const LoopTask& task = t_.tasks[drawn.dataset];
  const auto count = static_cast<int64_t>(drawn.examples.size());
  const int64_t world = world_size();  // no batch has fewer examples
  const int64_t begin = count * rank() / world, end = count * (rank() + 1) / world;
  const Batch batch{
      {drawn.examples.begin() + begin, drawn.examples.begin() + end}, task.prompts, task.routes};
  const at::AutoGradMode gradients(true);
  const at::Tensor loss = task.loss(batch);
  const auto value = loss.item<double>();
  if (!std::isfinite(value)) fail("the loss is " + std::to_string(value), drawn);
  const double share =
      static_cast<double>(end - begin) * static_cast<double>(world) / static_cast<double>(count);
  (share == 1.0 ? loss : loss * share).backward();
  return value * share;
}

void Run::scale_gradients(double factor) {
  std::vector<at::Tensor> gradients;
  for (const auto& [name, parameter] : t_.parameters()) {
    if (parameter.grad().defined()) gradients.push_back(parameter.grad());
  }
  const at::NoGradGuard no_grad;
  at::_foreach_mul_(gradients, factor);
}

void Run::drop_gradients() {
  for (const auto& [name, parameter] : t_.parameters()) parameter.mutable_grad().reset();
}

void Run::update_epoch() {
  const double steps = std::ceil(static_cast<double>(batches_done_) /
                                 static_cast<double>(args_.gradient_accumulation_steps));
  state_.epoch =
      static_cast<double>(epoch_) + std::min(1.0, steps / static_cast<double>(steps_an_epoch_));
}

void Run::fail(const std::string& what, const DrawnBatch& drawn) const {
  const Example& first = drawn.examples.front();
  throw Error("[Trainer] step " + std::to_string(state_.step + 1) + ", epoch " +
              std::to_string(epoch_) + ", batch " + std::to_string(batches_done_) +
              (t_.tasks.size() > 1 ? " of " + t_.tasks[drawn.dataset].name : "") + ": " + what +
              "; the batch begins with \"" + (first.texts.empty() ? "" : first.texts[0]) + "\"" +
              (last_checkpoint_.empty() ? "" : "; " + last_checkpoint_.string() + " is kept"));
}

}  // namespace sentence_transformers
