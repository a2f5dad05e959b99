// Port of transformers 5.23.0, EarlyStoppingCallback.
#include <sentence_transformers/trainer.h>

#include <cmath>
#include <stdexcept>
#include <string>

namespace sentence_transformers {
namespace {

constexpr const char* kWaited = "early_stopping_patience_counter";

}  // namespace

EarlyStoppingCallback::EarlyStoppingCallback(int64_t early_stopping_patience,
                                             double early_stopping_threshold)
    : patience_(early_stopping_patience), threshold_(early_stopping_threshold) {
  if (patience_ < 1) {
    throw std::invalid_argument("[EarlyStoppingCallback] early_stopping_patience is " +
                                std::to_string(patience_) + "; expected at least 1");
  }
  if (!(threshold_ >= 0)) {
    throw std::invalid_argument("[EarlyStoppingCallback] early_stopping_threshold is " +
                                std::to_string(threshold_) + "; expected at least 0");
  }
}

void EarlyStoppingCallback::on_train_begin(const TrainingState&) { waited_ = 0; }

void EarlyStoppingCallback::on_evaluate(const TrainingState& state) {
  const auto found = state.metrics.find(state.primary_metric);
  if (found == state.metrics.end()) return;
  const bool improved =
      !state.best_metric || found->second - *state.best_metric > threshold_;  // NaN has not
  waited_ = improved ? 0 : waited_ + 1;
  if (waited_ >= patience_) request_stop();
}

Metrics EarlyStoppingCallback::state() const { return {{kWaited, static_cast<double>(waited_)}}; }

void EarlyStoppingCallback::load_state(const Metrics& state) {
  const auto found = state.find(kWaited);
  waited_ = found == state.end() ? 0 : static_cast<int64_t>(found->second);
}

}  // namespace sentence_transformers
