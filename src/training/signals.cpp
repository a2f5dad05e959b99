#include "training/signals.h"

#include <atomic>
#include <csignal>

namespace sentence_transformers {
namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM};
std::atomic<int> signal_received = 0;
static_assert(std::atomic<int>::is_always_lock_free);  // a handler may touch nothing else
struct sigaction handlers_before[2];

extern "C" void remember_signal(int signal) {
  signal_received = signal;
  for (const int each : kSignals) std::signal(each, SIG_DFL);
}

}  // namespace

SignalGuard::SignalGuard(bool on) : on_(on) {
  signal_received = 0;
  if (!on_) return;
  struct sigaction action = {};
  action.sa_handler = remember_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (int i = 0; i < 2; ++i) {
    sigaction(kSignals[i], nullptr, &handlers_before[i]);
    // A shell lets a job behind & ignore SIGINT.
    if (handlers_before[i].sa_handler != SIG_IGN) sigaction(kSignals[i], &action, nullptr);
  }
}

SignalGuard::~SignalGuard() {
  if (!on_) return;
  for (int i = 0; i < 2; ++i) sigaction(kSignals[i], &handlers_before[i], nullptr);
}

int SignalGuard::received() const { return on_ ? signal_received.load() : 0; }

}  // namespace sentence_transformers
