#include "training/optimizer.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <sentence_transformers/error.h>

#include <cmath>
#include <numbers>

namespace sentence_transformers {

namespace {

/// What one operator can take at once: tensors of one device and one type.
std::pair<std::string, int> kind_of(const at::Tensor& tensor) {
  return {tensor.device().str(), static_cast<int>(tensor.scalar_type())};
}

std::vector<std::vector<at::Tensor>> by_kind(const std::vector<at::Tensor>& tensors) {
  std::map<std::pair<std::string, int>, std::vector<at::Tensor>> groups;
  for (const at::Tensor& tensor : tensors) groups[kind_of(tensor)].push_back(tensor);
  std::vector<std::vector<at::Tensor>> result;
  for (auto& [kind, group] : groups) result.push_back(std::move(group));
  return result;
}

}  // namespace

AdamW::AdamW(NamedTensors parameters, const TrainingArguments& arguments)
    : beta1_(arguments.adam_beta1), beta2_(arguments.adam_beta2), epsilon_(arguments.adam_epsilon) {
  for (auto& [name, value] : parameters) {
    parameters_.push_back(
        {name, value, is_spared_from_decay(name) ? 0.0 : arguments.weight_decay, {}, {}});
  }
}

double AdamW::clip_gradients(double max_norm) {
  std::vector<at::Tensor> gradients;
  for (const Parameter& p : parameters_) {
    if (p.value.grad().defined()) gradients.push_back(p.value.grad());
  }
  if (gradients.empty()) return 0;
  const at::NoGradGuard no_grad;
  const auto groups = by_kind(gradients);
  std::vector<at::Tensor> norms;
  for (const auto& group : groups) {
    norms.push_back(at::stack(at::_foreach_norm(group)).norm().to(at::kCPU, at::kDouble));
  }
  const double length =
      norms.size() == 1 ? norms[0].item<double>() : at::stack(norms).norm().item<double>();
  constexpr double kTiny = 1e-6;  // as torch.nn.utils.clip_grad_norm_
  if (max_norm > 0 && length > max_norm) {
    for (const auto& group : groups) at::_foreach_mul_(group, max_norm / (length + kTiny));
  }
  return length;
}

void AdamW::make_moments(Parameter& p) {
  p.first = at::zeros_like(p.value, p.value.options().requires_grad(false));
  p.second = at::zeros_like(p.first);
  p.step = at::zeros({}, p.value.options().dtype(at::kFloat).requires_grad(false));
}

void AdamW::step(double learning_rate) {
  const at::NoGradGuard no_grad;
  // One fused pass over the memory for each kind of parameter.
  std::map<std::pair<std::pair<std::string, int>, double>, std::vector<Parameter*>> groups;
  for (Parameter& p : parameters_) {
    if (!p.value.grad().defined()) continue;
    if (!p.step.defined()) make_moments(p);
    p.step += 1;
    groups[{kind_of(p.value), p.weight_decay}].push_back(&p);
  }
  for (const auto& [key, group] : groups) {
    std::vector<at::Tensor> values, gradients, first, second, unused, steps;
    for (Parameter* p : group) {
      values.push_back(p->value.detach());
      gradients.push_back(p->value.grad());
      first.push_back(p->first);
      second.push_back(p->second);
      steps.push_back(p->step);
    }
    at::_fused_adamw_(values, gradients, first, second, unused, steps, learning_rate, beta1_,
                      beta2_, key.second, epsilon_, /*amsgrad=*/false, /*maximize=*/false);
    for (Parameter* p : group) p->value.mutable_grad().reset();
  }
}

NamedTensors AdamW::state() const {
  NamedTensors result;
  for (const Parameter& p : parameters_) {
    if (!p.step.defined()) continue;
    result.emplace_back("exp_avg." + p.name, p.first);
    result.emplace_back("exp_avg_sq." + p.name, p.second);
    result.emplace_back("step." + p.name, p.step);
  }
  return result;
}

void AdamW::load(const std::map<std::string, at::Tensor>& state, const std::string& where) {
  const at::NoGradGuard no_grad;
  const auto take = [&](const std::string& name, at::Tensor& target) {
    const auto found = state.find(name);
    if (found == state.end()) throw LoadError(where + ": tensor \"" + name + "\" is missing");
    if (found->second.sizes() != target.sizes()) {
      throw LoadError(where + ": tensor \"" + name + "\" does not fit the model's parameter");
    }
    target.copy_(found->second);
  };
  for (Parameter& p : parameters_) {
    if (!state.count("step." + p.name)) continue;  // it had no gradient yet
    make_moments(p);
    take("exp_avg." + p.name, p.first);
    take("exp_avg_sq." + p.name, p.second);
    take("step." + p.name, p.step);
  }
}

bool is_spared_from_decay(const std::string& parameter) {
  std::string name = parameter;
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const char* part : {"bias", "layernorm", "rmsnorm", ".norm.", "_norm."}) {
    if ((name + ".").find(part) != std::string::npos) return true;
  }
  return name.starts_with("norm.");
}

double scheduled_rate(const TrainingArguments& arguments, int64_t step, int64_t total) {
  if (arguments.lr_scheduler_type == Schedule::constant) return arguments.learning_rate;
  const int64_t warmup =
      arguments.warmup_steps > 0
          ? arguments.warmup_steps
          : static_cast<int64_t>(std::ceil(static_cast<double>(total) * arguments.warmup_ratio));
  if (step < warmup) {
    return arguments.learning_rate * static_cast<double>(step) / static_cast<double>(warmup);
  }
  const double progress = static_cast<double>(step - warmup) /
                          static_cast<double>(std::max<int64_t>(1, total - warmup));
  switch (arguments.lr_scheduler_type) {
    case Schedule::constant:
    case Schedule::constant_with_warmup:
      return arguments.learning_rate;
    case Schedule::cosine:
      return arguments.learning_rate *
             std::max(0.0, 0.5 * (1.0 + std::cos(std::numbers::pi * progress)));
    case Schedule::linear:
      break;
  }
  return arguments.learning_rate * std::max(0.0, 1.0 - progress);
}

}  // namespace sentence_transformers
