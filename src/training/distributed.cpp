#include "training/distributed.h"

#include <ATen/ATen.h>
#include <sentence_transformers/error.h>
#include <torch/csrc/autograd/custom_function.h>

#include <numeric>

namespace sentence_transformers {
namespace {

/// Of one device and one type, so that they can travel together.
bool alike(const at::Tensor& a, const at::Tensor& b) {
  return a.device() == b.device() && a.scalar_type() == b.scalar_type();
}

/// How many rows each process has.
std::vector<int64_t> count_rows(int64_t rows) {
  const at::Tensor counts = at::zeros({world_size()}, at::kLong);
  counts[rank()] = rows;
  sum(counts, "counted rows");
  return {counts.const_data_ptr<int64_t>(), counts.const_data_ptr<int64_t>() + world_size()};
}

/// What of a gradient has to travel. An embedding table's is zero but for the rows of the batch's
/// tokens, and of it only those go that are not zero in some process.
class SharedGradient {
 public:
  explicit SharedGradient(at::Tensor gradient) : gradient_(std::move(gradient)) {
    if (gradient_.dim() != 2 || gradient_.size(0) <= 4 * gradient_.size(1)) return;  // no table
    const at::Tensor norms = at::linalg_vector_norm(gradient_, 1, at::IntArrayRef(1));
    at::Tensor used = norms.ne(0).to(at::kInt);
    used = used.to(shared_device(used));
    sum(used, "compared gradients");
    const at::Tensor rows = used.nonzero().view(-1);
    if (2 * rows.numel() < gradient_.size(0)) rows_ = rows.to(gradient_.device());
  }

  at::Tensor values() const {
    return rows_.defined() ? gradient_.index_select(0, rows_) : gradient_;
  }
  /// Takes over numbers in the order of values().
  void set(const at::Tensor& numbers) {
    if (rows_.defined()) {
      gradient_.index_copy_(0, rows_, numbers.view({-1, gradient_.size(1)}).to(gradient_.device()));
    } else {
      gradient_.copy_(numbers.view(gradient_.sizes()));
    }
  }

 private:
  at::Tensor gradient_, rows_;
};

struct GatherRows : torch::autograd::Function<GatherRows> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& rows) {
    const std::vector<int64_t> counts = count_rows(rows.size(0));
    const int64_t first = std::accumulate(counts.begin(), counts.begin() + rank(), int64_t{0});
    context->saved_data["first"] = first;
    context->saved_data["rows"] = rows.size(0);
    const int64_t all = std::accumulate(counts.begin(), counts.end(), int64_t{0});
    // A sum with zeros elsewhere is a gather that does not ask for equal counts.
    const at::Tensor whole =
        at::zeros({all, rows.size(1)}, rows.options().device(shared_device(rows)));
    whole.narrow(0, first, rows.size(0)).copy_(rows.detach());
    sum(whole, "gathered embeddings");
    return whole.to(rows.device());
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const at::Tensor whole = gradients[0].detach().to(shared_device(gradients[0])).clone();
    sum(whole, "gathered gradients");
    return {
        whole.narrow(0, context->saved_data["first"].toInt(), context->saved_data["rows"].toInt())
            .to(gradients[0].device())};
  }
};

}  // namespace

void broadcast_parameters(const NamedTensors& parameters) {
  if (world_size() == 1) return;
  const at::NoGradGuard no_grad;
  for (const auto& [name, parameter] : parameters) {
    const at::Tensor values = parameter.detach().to(shared_device(parameter)).contiguous();
    broadcast(values, "sent parameters");
    parameter.detach().copy_(values);
  }
}

std::pair<bool, bool> in_any_process(std::pair<bool, bool> values) {
  if (world_size() == 1) return values;
  const at::Tensor counts =
      at::tensor({values.first ? 1.0 : 0.0, values.second ? 1.0 : 0.0}, at::kDouble);
  sum(counts, "agreed on a stop");
  return {counts[0].item<double>() > 0, counts[1].item<double>() > 0};
}

std::vector<std::vector<int64_t>> gather_numbers(const std::vector<int64_t>& numbers) {
  const auto count = static_cast<int64_t>(numbers.size());
  const at::Tensor all = at::zeros({world_size(), count}, at::kLong);
  for (int64_t i = 0; i < count; ++i) all[rank()][i] = numbers[static_cast<size_t>(i)];
  if (world_size() > 1) sum(all, "compared what it was given");
  std::vector<std::vector<int64_t>> result;
  const auto* from = all.const_data_ptr<int64_t>();
  for (int64_t r = 0; r < world_size(); ++r) {
    result.emplace_back(from + r * count, from + (r + 1) * count);
  }
  return result;
}

void average_gradients(const NamedTensors& parameters, double& loss) {
  if (world_size() == 1) return;
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> gradients;
  for (const auto& [name, parameter] : parameters) {
    if (parameter.grad().defined()) gradients.push_back(parameter.grad());
  }
  const auto count = static_cast<double>(gradients.size());
  const at::Tensor facts = at::tensor({loss, count}, at::kDouble);
  const auto size = static_cast<double>(world_size());
  sum(facts, "averaged the loss");
  loss = facts[0].item<double>() / size;
  if (facts[1].item<double>() != count * size) {
    throw Error("[Trainer] the processes have gradients for different numbers of parameters");
  }

  std::vector<SharedGradient> shared;
  for (const at::Tensor& gradient : gradients) shared.emplace_back(gradient);
  constexpr int64_t kBucket = 8 << 20;  // numbers sent at a time: 32 MB
  for (size_t begin = 0, end = 0; begin < shared.size(); begin = end) {
    std::vector<at::Tensor> flat;
    for (int64_t numbers = 0; end < shared.size() && (flat.empty() || numbers < kBucket); ++end) {
      const at::Tensor next = shared[end].values().reshape({-1});
      if (!flat.empty() && !alike(flat[0], next)) break;
      flat.push_back(next);
      numbers += next.numel();
    }
    at::Tensor bucket = at::cat(flat);
    bucket = bucket.to(shared_device(bucket));
    sum(bucket, "averaged gradients");
    bucket /= size;
    int64_t offset = 0;
    for (size_t i = begin; i < end; ++i) {
      const int64_t numbers = flat[i - begin].numel();
      shared[i].set(bucket.narrow(0, offset, numbers));
      offset += numbers;
    }
  }
}

at::Tensor all_gather_rows(const at::Tensor& rows) {
  return world_size() == 1 ? rows : GatherRows::apply(rows);
}

int64_t rows_before(int64_t rows) {
  if (world_size() == 1) return 0;
  const std::vector<int64_t> counts = count_rows(rows);
  return std::accumulate(counts.begin(), counts.begin() + rank(), int64_t{0});
}

}  // namespace sentence_transformers
