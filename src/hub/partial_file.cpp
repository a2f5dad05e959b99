#include "hub/partial_file.h"

#include <fcntl.h>
#include <sentence_transformers/error.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

namespace sentence_transformers {
namespace {

Error failure(const std::filesystem::path& path) {
  return Error("[download] " + path.string() + ": " + std::generic_category().message(errno));
}

}  // namespace

PartialFile::PartialFile(std::filesystem::path blob, const TreeFile& expected)
    : blob_(std::move(blob)), path_(blob_), expected_(expected) {
  path_ += ".incomplete";
  try {
    open(true);
  } catch (...) {
    if (file_ >= 0) ::close(file_);
    throw;
  }
}

PartialFile::~PartialFile() {
  if (file_ >= 0) ::close(file_);
}

/// O_NOFOLLOW: nobody's link shall lead the bytes elsewhere.
void PartialFile::open(bool keep) {
  file_ =
      ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (keep ? 0 : O_TRUNC), 0666);
  if (file_ < 0) throw failure(path_);
  hash_ = std::make_unique<ContentHash>(expected_.etag(), expected_.size);
  size_ = 0;
  std::vector<char> buffer(1 << 20);
  for (;;) {
    const ssize_t count = ::read(file_, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw failure(path_);
    if (count == 0) break;
    hash_->update(buffer.data(), static_cast<size_t>(count));
    size_ += static_cast<uint64_t>(count);
  }
  if (size_ > expected_.size) restart();
}

void PartialFile::write(std::string_view piece) {
  hash_->update(piece.data(), piece.size());
  while (!piece.empty()) {
    const ssize_t count = ::write(file_, piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw failure(path_);
    piece.remove_prefix(static_cast<size_t>(count));
    size_ += static_cast<uint64_t>(count);
  }
}

void PartialFile::restart() {
  ::close(file_);
  open(false);
}

std::string PartialFile::finish() {
  std::string problem;
  if (size_ != expected_.size) {
    problem =
        "expected " + std::to_string(expected_.size) + " bytes, found " + std::to_string(size_);
  } else if (const std::string found = hash_->finish(); found != expected_.etag()) {
    problem =
        std::string("expected ") + hash_->name() + " " + expected_.etag() + ", found " + found;
  }
  if (!problem.empty()) {
    restart();
    return problem;
  }
  if (::fsync(file_) != 0) throw failure(path_);
  if (::close(std::exchange(file_, -1)) != 0) throw failure(path_);
  if (::rename(path_.c_str(), blob_.c_str()) != 0) throw failure(blob_);
  return "";
}

}  // namespace sentence_transformers
