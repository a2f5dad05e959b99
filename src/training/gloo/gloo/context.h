// LibTorch's packages hold Gloo, and a header that includes Gloo's, but not Gloo's headers. These
// declare what that header names; nothing of Gloo is made or called from here.
#pragma once

#include <chrono>
#include <memory>

namespace gloo {

class Context {
 public:
  void setTimeout(std::chrono::milliseconds timeout);
};

namespace transport {
class UnboundBuffer {
 public:
  virtual ~UnboundBuffer();
};
}  // namespace transport

}  // namespace gloo
