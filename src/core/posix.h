// What reading and writing share of POSIX: descriptors that close themselves, the system's reasons.
#pragma once

#include <unistd.h>

#include <string>
#include <system_error>
#include <utility>

namespace sentence_transformers {

/// The system's own text for an errno.
inline std::string reason(int error) { return std::generic_category().message(error); }

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd = -1) : fd_(fd) {}
  ~FileDescriptor() { close(); }
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }

  int get() const { return fd_; }
  /// Some file systems report a failed write only now.
  int close() { return fd_ >= 0 ? ::close(std::exchange(fd_, -1)) : 0; }

 private:
  int fd_;
};

}  // namespace sentence_transformers
