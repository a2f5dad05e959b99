// One training run: from the first step, or a checkpoint, to the last.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/progress.h"
#include "training/optimizer.h"
#include "training/run_files.h"
#include "training/run_log.h"
#include "training/sampler.h"
#include "training/signals.h"
#include "training/trainer_internals.h"

namespace sentence_transformers {

class Run {
 public:
  /// Throws std::invalid_argument if the data gives no batch.
  explicit Run(TrainerInternals& trainer);
  TrainingResult train(const std::optional<std::filesystem::path>& checkpoint);

 private:
  using Clock = std::chrono::steady_clock;

  // run.cpp: steps
  void epoch(ProgressBar& bar, const SignalGuard& signals);
  void step(std::vector<DrawnBatch>& parts, const SignalGuard& signals);
  double backward(const DrawnBatch& drawn);
  void scale_gradients(double factor);
  void drop_gradients();
  void update_epoch();
  [[noreturn]] void fail(const std::string& what, const DrawnBatch& drawn) const;
  void agree_on_stop(const SignalGuard& signals, bool asked);
  TrainingResult result(const SignalGuard& signals) const;

  // run_keeping.cpp: what stays of them
  bool writes() const;
  void make_output() const;
  void log();
  void note_data();
  void evaluate();
  void save();
  void restore(const std::filesystem::path& folder);
  void restore_losses(const Checkpoint& checkpoint, const std::filesystem::path& folder) const;
  void load_best();
  void finish();

  TrainerInternals& t_;
  const TrainingArguments& args_;
  Datasets datasets_;
  SamplerOptions sampling_;
  AdamW optimizer_;
  RunLog log_;
  TrainingState state_;
  int64_t steps_an_epoch_ = 0, epoch_ = 0, batches_done_ = 0;  // of the epoch under way
  int64_t first_step_ = 0, saved_step_ = -1, evaluated_step_ = -1;
  int64_t log_step_ = 0, speed_step_ = 0;  // of the last log, and where its clock was started
  double total_loss_ = 0, log_loss_ = 0, last_loss_ = 0;
  Clock::time_point start_, log_start_;
  std::optional<double> best_metric_;
  Metrics best_metrics_;
  std::filesystem::path best_checkpoint_, last_checkpoint_;
  std::vector<Metrics> callback_states_;   // of the checkpoint
  bool stop_ = false, signalled_ = false;  // in any process
  std::vector<std::string> notes_;
};

}  // namespace sentence_transformers
