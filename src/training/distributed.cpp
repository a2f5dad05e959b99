#include "training/distributed.h"

#include <sentence_transformers/error.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cstdlib>
#include <numeric>
#include <optional>

#ifdef USE_C10D_GLOO
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#endif
#ifdef SENTENCE_TRANSFORMERS_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif

namespace sentence_transformers {
namespace {

/// The first of these environment variables that is set, as a number.
std::optional<int64_t> number_from(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const char* text = std::getenv(name);
    if (!text || !*text) continue;
    char* end = nullptr;
    const int64_t value = std::strtoll(text, &end, 10);
    if (*end) {
      throw Error(std::string("[Trainer] environment variable ") + name + " is \"" + text +
                  "\"; expected a number");
    }
    return value;
  }
  return {};
}

struct Group {
  int64_t rank = 0, size = 1;
  bool joined = false;
#ifdef USE_C10D_GLOO
  std::chrono::seconds timeout{0};
  c10::intrusive_ptr<c10d::Store> store = {};
  c10::intrusive_ptr<c10d::Backend> gloo = {};  // between CPUs
#endif
#ifdef SENTENCE_TRANSFORMERS_NCCL
  c10::intrusive_ptr<c10d::Backend> nccl = {};  // between GPUs, from the first tensor on one
#endif
};

Group& group() {
  static Group one;
  return one;
}

#ifdef USE_C10D_GLOO

/// Waits for what the processes do together.
template <class Start>
void together(const char* what, const Start& start) {
  try {
    start()->wait();
  } catch (const std::exception& e) {
    throw Error("[Trainer] process " + std::to_string(rank()) + " of " +
                std::to_string(world_size()) + " lost another one while it " + what + ": " +
                std::string(e.what()).substr(0, 300));
  }
}

/// Meets the other processes, and keeps what they talk through.
void join(int64_t rank, int64_t size, int64_t timeout_seconds) {
  const char* address = std::getenv("MASTER_ADDR");
  // torchrun's agent serves the store itself, and says so.
  const char* agent = std::getenv("TORCHELASTIC_USE_AGENT_STORE");
  constexpr int64_t kDefaultPort = 29500;
  const std::chrono::seconds timeout(timeout_seconds);
  c10d::TCPStoreOptions options;
  options.port = static_cast<uint16_t>(number_from({"MASTER_PORT"}).value_or(kDefaultPort));
  options.isServer = rank == 0 && !(agent && std::string(agent) == "True");
  options.numWorkers = static_cast<size_t>(size);
  options.waitWorkers = false;
  options.timeout = timeout;
  const std::string host = address ? address : "127.0.0.1";
  Group joined{.rank = rank, .size = size, .joined = true, .timeout = timeout};
  try {
    joined.store = c10::make_intrusive<c10d::PrefixStore>(
        "sentence_transformers", c10::make_intrusive<c10d::TCPStore>(host, options));
    const auto settings = c10d::ProcessGroupGloo::Options::create(timeout);
    settings->devices.push_back(c10d::ProcessGroupGloo::createDefaultDevice());
    joined.gloo = c10::make_intrusive<c10d::ProcessGroupGloo>(joined.store, static_cast<int>(rank),
                                                              static_cast<int>(size), settings);
  } catch (const std::exception& e) {
    throw Error("[Trainer] process " + std::to_string(rank) + " of " + std::to_string(size) +
                " could not join the others at " + host + ":" + std::to_string(options.port) +
                " within " + std::to_string(timeout_seconds) +
                " s: " + std::string(e.what()).substr(0, 300));
  }
  group() = std::move(joined);
}

/// Where a tensor has to be for the processes to share it: NCCL takes it on its GPU, Gloo on the
/// CPU.
c10::Device shared_device(const at::Tensor& tensor) {
#ifdef SENTENCE_TRANSFORMERS_NCCL
  if (tensor.is_cuda()) return tensor.device();
#endif
  (void)tensor;
  return at::kCPU;
}

/// Who shares a tensor that is on its shared_device().
c10d::Backend& backend_of(const at::Tensor& tensor) {
#ifdef SENTENCE_TRANSFORMERS_NCCL
  if (tensor.is_cuda()) {
    if (!group().nccl) {
      const auto settings = c10d::ProcessGroupNCCL::Options::create();
      settings->timeout = group().timeout;
      group().nccl = c10::make_intrusive<c10d::ProcessGroupNCCL>(
          c10::make_intrusive<c10d::PrefixStore>("nccl", group().store),
          static_cast<int>(group().rank), static_cast<int>(group().size), settings);
    }
    return *group().nccl;
  }
#endif
  (void)tensor;
  return *group().gloo;
}

/// In place, over all processes.
void sum(at::Tensor tensor, const char* what) {
  std::vector<at::Tensor> tensors = {std::move(tensor)};
  together(what, [&] { return backend_of(tensors[0]).allreduce(tensors); });
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

#endif

}  // namespace

int64_t rank() { return group().rank; }
int64_t world_size() { return group().size; }

void start_distributed(int64_t timeout_seconds) {
  if (group().joined) return;
  const auto size = number_from({"WORLD_SIZE", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE"});
  const auto rank = number_from({"RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK"});
  if (!size || !rank || *size <= 1) return;
  if (*rank < 0 || *rank >= *size) {
    throw Error("[Trainer] RANK is " + std::to_string(*rank) + ", WORLD_SIZE " +
                std::to_string(*size) + "; expected 0 to WORLD_SIZE - 1");
  }
#ifdef USE_C10D_GLOO
  join(*rank, *size, timeout_seconds);
#else
  (void)timeout_seconds;
  throw UnsupportedError(
      "[Trainer] WORLD_SIZE asks for several processes, and this LibTorch has no Gloo");
#endif
}

#ifdef USE_C10D_GLOO

void broadcast_parameters(const NamedTensors& parameters) {
  if (world_size() == 1) return;
  const at::NoGradGuard no_grad;
  for (const auto& [name, parameter] : parameters) {
    std::vector<at::Tensor> values = {parameter.detach().to(shared_device(parameter)).contiguous()};
    together("sent parameters", [&] { return backend_of(values[0]).broadcast(values); });
    parameter.detach().copy_(values[0]);
  }
}

bool in_any_process(bool value) {
  if (world_size() == 1) return value;
  const at::Tensor count = at::full({1}, value ? 1.0 : 0.0, at::kDouble);
  sum(count, "agreed on a stop");
  return count.item<double>() > 0;
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
      flat.push_back(shared[end].values().reshape({-1}));
      numbers += flat.back().numel();
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

#else

void broadcast_parameters(const NamedTensors&) {}
bool in_any_process(bool value) { return value; }
void average_gradients(const NamedTensors&, double&) {}
at::Tensor all_gather_rows(const at::Tensor& rows) { return rows; }
int64_t rows_before(int64_t) { return 0; }

#endif

}  // namespace sentence_transformers
