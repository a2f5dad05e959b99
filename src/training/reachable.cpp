#include "training/reachable.h"

#include <netdb.h>
#include <poll.h>
#include <sentence_transformers/error.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <system_error>
#include <thread>

namespace sentence_transformers {
namespace {

using Clock = std::chrono::steady_clock;

int milliseconds_until(Clock::time_point end) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
  return static_cast<int>(std::clamp<int64_t>(left, 0, 1'000'000));
}

/// 0, or the system's reason.
int try_address(const addrinfo& address, Clock::time_point end) {
  const int file = ::socket(address.ai_family, address.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
                            address.ai_protocol);
  if (file < 0) return errno;
  int reason = 0;
  if (::connect(file, address.ai_addr, address.ai_addrlen) != 0) {
    reason = errno;
    pollfd wait{file, POLLOUT, 0};
    if (reason == EINPROGRESS) {
      reason = ETIMEDOUT;
      socklen_t size = sizeof reason;
      if (::poll(&wait, 1, milliseconds_until(end)) > 0) {
        ::getsockopt(file, SOL_SOCKET, SO_ERROR, &reason, &size);
      }
    }
  }
  ::close(file);
  return reason;
}

/// "" once there is a connection, else why there is none.
std::string try_host(const std::string& host, uint16_t port, Clock::time_point end) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) return ::gai_strerror(error);
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, ::freeaddrinfo);
  int reason = EADDRNOTAVAIL;
  for (const addrinfo* address = found; address && reason != 0; address = address->ai_next) {
    reason = try_address(*address, end);
  }
  return reason == 0 ? "" : std::generic_category().message(reason);
}

}  // namespace

void wait_until_reachable(const std::string& host, uint16_t port,
                          std::chrono::milliseconds timeout) {
  constexpr std::chrono::milliseconds kPause(100);
  const auto end = Clock::now() + timeout;
  for (;;) {
    const std::string reason = try_host(host, port, end);
    if (reason.empty()) return;
    if (Clock::now() + kPause >= end) throw Error(reason);
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace sentence_transformers
