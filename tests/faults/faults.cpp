// Loaded before libc (LD_PRELOAD): lets the n-th call of one kind on files of one folder fail.
#include "faults.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace {

char folder[4096] = "";
std::atomic<int> armed_call = -1;
std::atomic<int> armed_error = 0;
std::atomic<long> until = 0;
std::atomic<bool> fired = false;

template <class F>
F* real(const char* name, F*) {
  return reinterpret_cast<F*>(dlsym(RTLD_NEXT, name));
}
#define REAL(function) real(#function, &function)

bool is_ours(const char* path) {
  const size_t length = std::strlen(folder);
  return length > 0 && path && std::strncmp(path, folder, length) == 0;
}

bool is_ours(int fd) {
  char link[64], path[4096];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return false;
  path[length] = '\0';
  return is_ours(path);
}

/// Is this call the one that fails? Sets errno if so.
template <class Where>
bool fails(FaultCall call, Where where) {
  if (armed_call != call || !is_ours(where) || --until != 0) return false;
  fired = true;
  errno = armed_error;
  return true;
}

}  // namespace

extern "C" {

void faults_arm(const char* below, FaultCall call, int error, long number) {
  std::snprintf(folder, sizeof folder, "%s", below);
  fired = false;
  until = number;
  armed_error = error;
  armed_call = call;
}

bool faults_disarm() {
  armed_call = -1;
  return fired;
}

ssize_t read(int fd, void* to, size_t size) {
  if (fails(kFaultRead, fd)) {
    if (armed_error != kFaultShort) return -1;
    size = size > 1 ? size / 2 : size;
  }
  return REAL(read)(fd, to, size);
}

ssize_t write(int fd, const void* from, size_t size) {
  if (fails(kFaultWrite, fd)) {
    if (armed_error != kFaultShort) return -1;
    size = size > 1 ? size / 2 : size;
  }
  return REAL(write)(fd, from, size);
}

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  if (fails(kFaultOpen, path)) return -1;
  return REAL(open)(path, flags, mode);
}

int close(int fd) {
  const bool failing = fails(kFaultClose, fd);
  const int result = REAL(close)(fd);
  if (failing) errno = armed_error;
  return failing ? -1 : result;
}

void* mmap(void* at, size_t size, int protection, int flags, int fd, off_t offset) noexcept {
  if (fd >= 0 && fails(kFaultMap, fd)) return MAP_FAILED;
  return REAL(mmap)(at, size, protection, flags, fd, offset);
}

int rename(const char* from, const char* to) noexcept {
  return fails(kFaultRename, from) ? -1 : REAL(rename)(from, to);
}

int fsync(int fd) { return fails(kFaultSync, fd) ? -1 : REAL(fsync)(fd); }

int fstat(int fd, struct stat* status) noexcept {
  return fails(kFaultStat, fd) ? -1 : REAL(fstat)(fd, status);
}

int fchmod(int fd, mode_t mode) noexcept {
  return fails(kFaultMode, fd) ? -1 : REAL(fchmod)(fd, mode);
}

int flock(int fd, int operation) noexcept {
  return fails(kFaultLock, fd) ? -1 : REAL(flock)(fd, operation);
}

int mkdir(const char* path, mode_t mode) noexcept {
  return fails(kFaultFolder, path) ? -1 : REAL(mkdir)(path, mode);
}

}  // extern "C"
