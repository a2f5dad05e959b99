#include "training/process_group.h"

#include <sentence_transformers/error.h>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <future>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "training/error_text.h"
#include "training/reachable.h"

#ifdef SENTENCE_TRANSFORMERS_GLOO
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

struct JoinedProcesses {
  int64_t rank = 0, size = 1;
  bool joined = false;
#ifdef SENTENCE_TRANSFORMERS_GLOO
  std::chrono::seconds timeout{0};
  c10::intrusive_ptr<c10d::Store> store = {};
  c10::intrusive_ptr<c10d::Backend> gloo = {};  // between CPUs
#endif
#ifdef SENTENCE_TRANSFORMERS_NCCL
  c10::intrusive_ptr<c10d::Backend> nccl = {};  // between GPUs, from the first tensor on one
#endif
};

JoinedProcesses& group() {
  static JoinedProcesses one;
  return one;
}

#ifdef SENTENCE_TRANSFORMERS_GLOO

/// Waits for what the processes do together.
template <class Start>
void together(const char* what, const Start& start) {
  try {
    start()->wait();
  } catch (const std::exception& e) {
    throw Error("[Trainer] process " + std::to_string(rank()) + " of " +
                std::to_string(world_size()) + " lost another one while it " + what + ": " +
                reason_of(e));
  }
}

/// As torch.distributed's: one device for each name in GLOO_SOCKET_IFNAME, else the host's own.
void add_devices(c10d::ProcessGroupGloo::Options& settings) {
  const char* given = std::getenv("GLOO_SOCKET_IFNAME");
  const std::string names = given ? given : "";
  if (names.empty()) {
    settings.devices.push_back(c10d::ProcessGroupGloo::createDefaultDevice());
    return;
  }
  for (size_t begin = 0; begin <= names.size();) {
    const size_t end = std::min(names.find(',', begin), names.size());
    const std::string name = names.substr(begin, end - begin);
    begin = end + 1;
    try {
      settings.devices.push_back(c10d::ProcessGroupGloo::createDeviceForInterface(name));
    } catch (const std::exception& e) {
      throw Error("[Trainer] environment variable GLOO_SOCKET_IFNAME is \"" + names + "\"; \"" +
                  name + "\" is no interface that Gloo can use: " + reason_of(e));
    }
  }
}

/// The store at an address that takes connections. Throws Error when nothing there answers in time:
/// LibTorch's client would wait on, so it connects in a thread, which is then left to itself.
c10::intrusive_ptr<c10d::Store> connect(const std::string& host,
                                        const c10d::TCPStoreOptions& options,
                                        std::chrono::steady_clock::time_point end) {
  const auto answer = std::make_shared<std::promise<c10::intrusive_ptr<c10d::Store>>>();
  auto connected = answer->get_future();
  std::thread([answer, host, options] {
    try {
      answer->set_value(c10::make_intrusive<c10d::TCPStore>(host, options));
    } catch (...) {
      answer->set_exception(std::current_exception());
    }
  }).detach();
  if (connected.wait_until(end) != std::future_status::ready) {
    throw Error("the port is open, but there is no answer");
  }
  return connected.get();
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
  JoinedProcesses joined{.rank = rank, .size = size, .joined = true, .timeout = timeout};
  const auto settings = c10d::ProcessGroupGloo::Options::create(timeout);
  add_devices(*settings);
  const auto end = std::chrono::steady_clock::now() + timeout;
  try {
    if (!options.isServer) wait_until_reachable(host, options.port, timeout);
    joined.store = c10::make_intrusive<c10d::PrefixStore>("sentence_transformers",
                                                          connect(host, options, end));
    joined.gloo = c10::make_intrusive<c10d::ProcessGroupGloo>(joined.store, static_cast<int>(rank),
                                                              static_cast<int>(size), settings);
  } catch (const std::exception& e) {
    throw Error("[Trainer] process " + std::to_string(rank) + " of " + std::to_string(size) +
                " could not join the others at " + host + ":" + std::to_string(options.port) +
                " within " + std::to_string(timeout_seconds) + " s: " + reason_of(e));
  }
  group() = std::move(joined);
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
#ifdef SENTENCE_TRANSFORMERS_GLOO
  join(*rank, *size, timeout_seconds);
#else
  (void)timeout_seconds;
  throw UnsupportedError(
      "[Trainer] WORLD_SIZE asks for several processes, and this library was built without Gloo");
#endif
}

c10::Device shared_device(const at::Tensor& tensor) {
#ifdef SENTENCE_TRANSFORMERS_NCCL
  if (tensor.is_cuda()) return tensor.device();
#endif
  (void)tensor;
  return at::kCPU;
}

#ifdef SENTENCE_TRANSFORMERS_GLOO

void sum(const at::Tensor& tensor, const char* what) {
  std::vector<at::Tensor> tensors = {tensor};
  together(what, [&] { return backend_of(tensor).allreduce(tensors); });
}

void broadcast(const at::Tensor& tensor, const char* what) {
  std::vector<at::Tensor> tensors = {tensor};
  together(what, [&] { return backend_of(tensor).broadcast(tensors); });
}

#else  // there is one process

void sum(const at::Tensor&, const char*) {}
void broadcast(const at::Tensor&, const char*) {}

#endif

}  // namespace sentence_transformers
