// Waiting for another host's port, for no longer than asked.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace sentence_transformers {

/// Returns once something listens at host:port; tries again until then. Throws Error with the last
/// reason when the time is over. A host that drops what is sent to it holds up nobody for longer,
/// as the system's own connect() would.
void wait_until_reachable(const std::string& host, uint16_t port,
                          std::chrono::milliseconds timeout);

}  // namespace sentence_transformers
