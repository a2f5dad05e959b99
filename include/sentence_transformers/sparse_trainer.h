// Training of sparse encoders.
#pragma once

#include <sentence_transformers/sparse_evaluators.h>
#include <sentence_transformers/sparse_losses.h>
#include <sentence_transformers/trainer.h>

#include <memory>

#pragma GCC visibility push(default)
namespace sentence_transformers {

/// Trains a SparseEncoder by a SparseLoss.
using SparseEncoderTrainer = Trainer<SparseEncoder, SparseLoss>;
extern template class Trainer<SparseEncoder, SparseLoss>;

/// How the weights of a SpladeLoss rise from 0.
enum class RegularizerSchedule { linear, quadratic };

/// Lets the weights of a SpladeLoss rise from 0 to what they are, over a share of the run's steps.
/// Python's trainer adds one by itself; here a program does.
class SpladeRegularizerWeightSchedulerCallback : public TrainerCallback {
 public:
  /// Throws std::invalid_argument without a loss, or for a warmup_ratio outside (0, 1].
  explicit SpladeRegularizerWeightSchedulerCallback(
      std::shared_ptr<SpladeLoss> loss,
      RegularizerSchedule schedule = RegularizerSchedule::quadratic, double warmup_ratio = 1.0 / 3);
  /// Sets the weights of the step that comes next.
  void on_train_begin(const TrainingState& state) override { set_weights(state); }
  /// Sets the weights of the step that comes next.
  bool on_step_end(const TrainingState& state) override {
    set_weights(state);
    return true;
  }

 private:
  void set_weights(const TrainingState& state);

  std::shared_ptr<SpladeLoss> loss_;
  RegularizerSchedule schedule_;
  double warmup_ratio_, most_document_, most_query_;
};

}  // namespace sentence_transformers
#pragma GCC visibility pop
