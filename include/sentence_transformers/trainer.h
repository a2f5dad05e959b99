// Training: a model, data, a loss, and the loop that brings them together.
#pragma once

#include <sentence_transformers/cross_encoder_losses.h>
#include <sentence_transformers/dataset.h>
#include <sentence_transformers/evaluation.h>
#include <sentence_transformers/losses.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)
namespace sentence_transformers {

/// How the learning rate moves over a run's steps.
enum class Schedule {
  linear,                ///< after the warmup down to 0
  cosine,                ///< after the warmup down to 0 along a cosine
  constant,              ///< the same in every step, without a warmup
  constant_with_warmup,  ///< the same in every step after the warmup
};

/// Which examples may stand together in a batch.
enum class BatchSampler {
  shuffled,       ///< examples as they come
  no_duplicates,  ///< no text twice in a batch, for in-batch negatives; as many batches an epoch as
                  ///< `shuffled` has, some smaller (with dataloader_drop_last from up to two more
                  ///< passes over the data instead)
};

/// Which of several datasets a batch comes from.
enum class MultiDatasetSampler {
  proportional,  ///< batches of all datasets, mixed by their sizes
  round_robin,   ///< one of each in turn, until the smallest one ends
};

/// How often something is done: every so many steps, or at the end of each epoch.
enum class Interval { never, steps, epoch };

/// Names and defaults of Python's TrainingArguments.
struct TrainingArguments {
  /// Checkpoints, log.jsonl, curves.svg and the evaluators' csv files; "" writes nothing.
  std::filesystem::path output_dir = {};

  double num_train_epochs = 3;              ///< passes over the data; may be a fraction
  int64_t max_steps = -1;                   ///< if positive, instead of epochs
  int64_t per_device_train_batch_size = 8;  ///< examples of a batch, for each process
  int64_t gradient_accumulation_steps = 1;  ///< batches whose mean gradient makes a step

  double learning_rate = 5e-5;                    ///< the highest of the run
  Schedule lr_scheduler_type = Schedule::linear;  ///< how it moves
  double warmup_ratio = 0;     ///< of all steps; the rate rises linearly from 0, but for `constant`
  int64_t warmup_steps = 0;    ///< if positive, instead of the ratio
  double weight_decay = 0;     ///< AdamW's; biases and LayerNorm are spared
  double adam_beta1 = 0.9;     ///< how much of the mean gradient a step keeps
  double adam_beta2 = 0.999;   ///< how much of the mean squared gradient a step keeps
  double adam_epsilon = 1e-8;  ///< added to the root of the latter
  double max_grad_norm = 1.0;  ///< 0 does not clip

  /// Dropout everywhere, instead of config.json's probabilities.
  std::optional<double> dropout = std::nullopt;
  /// Of LibTorch's default generator (dropout) and of the shuffling. On one thread a run repeats to
  /// the bit.
  uint64_t seed = 42;
  bool bf16 = false;  ///< autocast: products in bfloat16, parameters and sums in float32
  bool gradient_checkpointing = false;  ///< layers run again in backward: less memory, more time

  BatchSampler batch_sampler = BatchSampler::shuffled;  ///< how a batch is drawn
  /// Which dataset it is drawn from, if there are several.
  MultiDatasetSampler multi_dataset_batch_sampler = MultiDatasetSampler::proportional;
  bool dataloader_drop_last = false;  ///< drop a dataset's last, smaller batch
  /// Data in memory and plain files are shuffled whole. What can only be read front to back (gzip)
  /// is drawn from a buffer of this many examples that the stream refills, and a larger one is thus
  /// shuffled within a window, which TrainingResult::notes says. 1 keeps the data's order.
  int64_t shuffle_buffer = 100'000;

  Interval eval_strategy = Interval::never;  ///< when the evaluator is asked; it must be there
  int64_t eval_steps = 500;                  ///< from one evaluation to the next, if by steps
  Interval save_strategy = Interval::steps;  ///< when a checkpoint is written
  int64_t save_steps = 500;                  ///< from one checkpoint to the next, if by steps
  int64_t save_total_limit = 0;  ///< newest checkpoints kept besides the best; 0 keeps all
  /// At the end the weights of the evaluation with the best primary metric come back; not where a
  /// signal ended the run.
  bool load_best_model_at_end = false;
  int64_t logging_steps = 500;    ///< from one line of the log to the next
  bool show_progress_bar = true;  ///< on stderr

  /// Seconds that processes started together (by torchrun or mpirun) wait for each other. Each
  /// loads its model on a device of its own, as "cuda:" and its LOCAL_RANK.
  int64_t ddp_timeout = 600;

  /// SIGINT and SIGTERM end the run after the step under way, with a checkpoint.
  bool stop_on_signal = true;
};

/// Where a run stands.
struct TrainingState {
  int64_t step = 0;             ///< made so far
  int64_t max_steps = 0;        ///< of the whole run
  double epoch = 0;             ///< passes made over the data, with the share of the one under way
  double loss = 0;              ///< mean since the last log
  double learning_rate = 0;     ///< of the last step
  double grad_norm = 0;         ///< of the last step, before clipping
  Metrics metrics = {};         ///< of the last evaluation
  double steps_per_second = 0;  ///< since the last log
  std::string primary_metric = {};  ///< the one of `metrics` that decides which model is best
  /// The best primary metric of the evaluations before the last one; minus infinity if none of them
  /// was a number.
  std::optional<double> best_metric = std::nullopt;
};

/// Told what happens. request_stop(), called from any of them, ends the run after the step under
/// way, and so does returning false from on_step_end; of several processes one is enough.
/// load_best_model_at_end then still brings the best weights back.
class TrainerCallback {
 public:
  virtual ~TrainerCallback() = default;
  /// Before the first step of train() or resume().
  virtual void on_train_begin(const TrainingState&) {}
  /// After each step; false ends the run.
  virtual bool on_step_end(const TrainingState&) { return true; }
  /// After each line of the log, with the mean loss.
  virtual void on_log(const TrainingState&) {}
  /// After each evaluation, with its metrics and the best value before it.
  virtual void on_evaluate(const TrainingState&) {}
  /// After a checkpoint was written, in the process that wrote it.
  virtual void on_save(const TrainingState&, const std::filesystem::path& /*checkpoint*/) {}
  /// At the end, when the best weights are back.
  virtual void on_train_end(const TrainingState&) {}

  /// Numbers that a checkpoint keeps, and what a resumed run gives back after on_train_begin to the
  /// callback that was added at the same place.
  virtual Metrics state() const { return {}; }
  /// Takes back what state() gave.
  virtual void load_state(const Metrics&) {}
  /// Whether it is of no use without evaluations; a run without them then throws
  /// std::invalid_argument.
  virtual bool needs_evaluations() const { return false; }

  /// Whether request_stop() was called since this was asked last.
  bool take_stop_request() { return std::exchange(stop_requested_, false); }

 protected:
  /// Ends the run after the step under way.
  void request_stop() { stop_requested_ = true; }

 private:
  bool stop_requested_ = false;
};

/// Ends the run when `early_stopping_patience` evaluations in a row have not made the primary
/// metric better than its best by more than `early_stopping_threshold`. Use it with
/// load_best_model_at_end.
class EarlyStoppingCallback : public TrainerCallback {
 public:
  /// Throws std::invalid_argument for a patience below 1 or a threshold below 0.
  explicit EarlyStoppingCallback(int64_t early_stopping_patience = 1,
                                 double early_stopping_threshold = 0.0);
  /// Counts from 0 again.
  void on_train_begin(const TrainingState& state) override;
  /// Counts an evaluation that was no better, and asks for the end after too many.
  void on_evaluate(const TrainingState& state) override;
  /// How many evaluations in a row were no better.
  Metrics state() const override;
  /// Goes on counting from there.
  void load_state(const Metrics& state) override;
  bool needs_evaluations() const override { return true; }

 private:
  int64_t patience_, waited_ = 0;
  double threshold_;
};

/// What a run came to.
struct TrainingResult {
  int64_t steps = 0;            ///< made, those before a resumed run's checkpoint included
  double epochs = 0;            ///< the same in passes over the data
  double train_loss = 0;        ///< mean over the steps of this call
  double seconds = 0;           ///< that this call trained
  double steps_per_second = 0;  ///< of this call
  bool stopped = false;         ///< by a signal or a callback, before the end
  int signal = 0;               ///< that stopped it, or 0
  int64_t bad_lines = 0;        ///< of the data's files, left out
  std::vector<std::string> bad_line_messages = {};   ///< the first ten a dataset: file:line: what
  std::optional<double> best_metric = std::nullopt;  ///< the best primary metric, if there is one
  std::filesystem::path best_checkpoint = {};  ///< its checkpoint, with load_best_model_at_end
  std::filesystem::path last_checkpoint = {};  ///< the newest one; "" if there is none
  /// What the caller should know and may not expect, such as data shuffled within a window.
  std::vector<std::string> notes = {};
};

/// A dataset and the loss that learns from it.
template <class LossType>
struct TrainingTask {
  std::shared_ptr<const Dataset> dataset;  ///< whose examples fit the loss
  std::shared_ptr<LossType> loss;          ///< may serve several tasks
  std::vector<std::string> prompts = {};   ///< one a text column, or none
  std::string name = "";                   ///< in logs, if there are several
  /// "query" or "document" for each text column, by which a Router in the model chooses its route
  /// (Python's router_mapping), or none.
  std::vector<std::string> routes = {};
};

struct TrainerInternals;

/// Trains `Model` in place. Use SentenceTransformerTrainer or CrossEncoderTrainer.
template <class Model, class LossType>
class Trainer {
 public:
  /// A dataset and its loss.
  using Task = TrainingTask<LossType>;

  /// The model must outlive the trainer. Throws std::invalid_argument for arguments out of range,
  /// an empty dataset, or no task.
  Trainer(Model& model, TrainingArguments arguments, std::vector<Task> tasks,
          std::shared_ptr<const Evaluator<Model>> evaluator = nullptr);
  /// The same with one dataset and its loss.
  Trainer(Model& model, TrainingArguments arguments, std::shared_ptr<const Dataset> dataset,
          std::shared_ptr<LossType> loss,
          std::shared_ptr<const Evaluator<Model>> evaluator = nullptr)
      : Trainer(model, std::move(arguments),
                std::vector<Task>{{std::move(dataset), std::move(loss)}}, std::move(evaluator)) {}
  ~Trainer();

  /// Callbacks are told in the order they were added in.
  void add_callback(std::shared_ptr<TrainerCallback> callback);

  /// Trains from the start. Throws Error for a loss that is no finite number (step and batch named;
  /// checkpoints stay), where a checkpoint cannot be written (the last one stays), and where
  /// LibTorch fails (with its error nested); std::invalid_argument where loss and data do not fit.
  TrainingResult train();
  /// Goes on from a folder checkpoint-N; a folder of checkpoints means the newest in it. The run
  /// must have the same data and arguments; it reaches the weights it would have reached. Throws
  /// LoadError for a checkpoint that is none, is damaged or does not fit.
  TrainingResult resume(const std::filesystem::path& checkpoint);

  /// The evaluator's metrics now. Throws std::invalid_argument without one.
  Metrics evaluate() const;

  /// model.save_pretrained, and a README.md with the facts of the training. Of several processes
  /// the first one writes.
  void save_model(const std::filesystem::path& folder) const;

 private:
  std::unique_ptr<TrainerInternals> internals_;
};

/// Trains a SentenceTransformer by a Loss.
using SentenceTransformerTrainer = Trainer<SentenceTransformer, Loss>;
/// Trains a CrossEncoder by a CrossEncoderLoss.
using CrossEncoderTrainer = Trainer<CrossEncoder, CrossEncoderLoss>;
extern template class Trainer<SentenceTransformer, Loss>;
extern template class Trainer<CrossEncoder, CrossEncoderLoss>;

}  // namespace sentence_transformers
#pragma GCC visibility pop
