// AdamW (Loshchilov and Hutter, 2019) over named parameters, and the learning rate's schedule.
#pragma once

#include <sentence_transformers/trainer.h>

#include <map>
#include <string>
#include <vector>

namespace sentence_transformers {

class AdamW {
 public:
  /// Weight decay spares what `is_spared_from_decay` names.
  AdamW(NamedTensors parameters, const TrainingArguments& arguments);

  /// The length of all gradients as one vector; longer than `max_norm`, they are scaled down to it
  /// (0 does not).
  double clip_gradients(double max_norm);
  /// Moves every parameter that has a gradient, and drops the gradients.
  void step(double learning_rate);

  /// The moments and their step counts by parameter: "exp_avg.NAME", "exp_avg_sq.NAME",
  /// "step.NAME".
  NamedTensors state() const;
  /// Takes them back. Throws LoadError, beginning with `where`, for one that is missing or does not
  /// fit.
  void load(const std::map<std::string, at::Tensor>& state, const std::string& where);

 private:
  struct Parameter {
    std::string name;
    at::Tensor value;
    double weight_decay;
    at::Tensor first, second, step = {};  // made with the first gradient
  };
  void make_moments(Parameter& parameter);

  std::vector<Parameter> parameters_;
  double beta1_, beta2_, epsilon_;
};

/// Biases and normalization layers, as Hugging Face's trainer names them.
bool is_spared_from_decay(const std::string& parameter);

/// The rate at a step counted from 0, of `total`.
double scheduled_rate(const TrainingArguments& arguments, int64_t step, int64_t total);

}  // namespace sentence_transformers
