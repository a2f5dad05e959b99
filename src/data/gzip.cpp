// Plain files through stdio, gzip through zlib where the build has it.
#include "data/gzip.h"

#include <sentence_transformers/error.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#ifdef SENTENCE_TRANSFORMERS_ZLIB
#include <zlib.h>
#endif

namespace sentence_transformers {
namespace {

namespace fs = std::filesystem;

LoadError failure(const fs::path& path, const std::string& what) {
  return LoadError("[open_bytes] " + path.string() + ": " + what);
}

std::string reason(int error) { return std::generic_category().message(error); }

class PlainFile final : public ByteSource {
 public:
  /// Data is read more than once, so that a pipe will not do.
  explicit PlainFile(fs::path path) : path_(std::move(path)) {
    std::error_code error;
    const fs::file_status status = fs::status(path_, error);
    if (fs::exists(status) && !fs::is_regular_file(status)) {
      throw failure(path_, "expected a regular file, found a " +
                               std::string(fs::is_directory(status) ? "folder" : "device or pipe"));
    }
    file_.reset(std::fopen(path_.c_str(), "rb"));
    if (!file_) throw failure(path_, reason(errno));
    std::setvbuf(file_.get(), nullptr, _IONBF, 0);  // callers read large pieces
  }

  size_t read(char* data, size_t size) override {
    const size_t count = std::fread(data, 1, size, file_.get());
    if (count < size && std::ferror(file_.get())) throw failure(path_, reason(errno));
    return count;
  }

  bool seek(int64_t place) override {
    return ::fseeko(file_.get(), static_cast<off_t>(place), SEEK_SET) == 0;
  }
  const fs::path& path() const { return path_; }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  fs::path path_;
  std::unique_ptr<std::FILE, Close> file_;
};

#ifdef SENTENCE_TRANSFORMERS_ZLIB

/// One or more gzip members; zeros may follow them, as tapes and tar leave them.
class GzipFile final : public ByteSource {
 public:
  explicit GzipFile(std::unique_ptr<PlainFile> file) : file_(std::move(file)), input_(1 << 16) {
    constexpr int kGzipOnly = 15 + 16;  // the largest window, and a gzip header
    if (inflateInit2(&stream_, kGzipOnly) != Z_OK) throw failure(file_->path(), "zlib: no memory");
  }
  ~GzipFile() override { inflateEnd(&stream_); }

  size_t read(char* data, size_t size) override {
    stream_.next_out = reinterpret_cast<Bytef*>(data);
    stream_.avail_out = static_cast<uInt>(size);
    while (stream_.avail_out == size) {
      if (stream_.avail_in == 0 && !refill()) {
        if (inside_) throw failure(file_->path(), "the gzip data is cut off");
        return 0;
      }
      if (!inside_ && !enter_member()) continue;
      const int result = inflate(&stream_, Z_NO_FLUSH);
      if (result == Z_STREAM_END) {
        inside_ = false;
      } else if (result != Z_OK && result != Z_BUF_ERROR) {
        throw failure(file_->path(), std::string("the gzip data is damaged: ") +
                                         (stream_.msg ? stream_.msg : "zlib gives no reason"));
      }
    }
    return size - stream_.avail_out;
  }

 private:
  bool refill() {
    stream_.avail_in = static_cast<uInt>(file_->read(input_.data(), input_.size()));
    stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
    return stream_.avail_in > 0;
  }

  /// Whether a member begins here; false after skipping zeros.
  bool enter_member() {
    if (members_ > 0) {
      while (stream_.avail_in > 0 && *stream_.next_in == 0) {
        ++stream_.next_in;
        --stream_.avail_in;
      }
      if (stream_.avail_in == 0) return false;
      inflateReset(&stream_);
    }
    ++members_;
    return inside_ = true;
  }

  std::unique_ptr<PlainFile> file_;
  std::vector<char> input_;
  z_stream stream_ = {};
  int64_t members_ = 0;
  bool inside_ = false;
};

#endif

}  // namespace

std::unique_ptr<ByteSource> open_bytes(const fs::path& path) {
  auto file = std::make_unique<PlainFile>(path);
  char magic[2];
  const bool gzip = file->read(magic, 2) == 2 && std::memcmp(magic, "\x1f\x8b", 2) == 0;
  file->seek(0);
  if (!gzip) return file;
#ifdef SENTENCE_TRANSFORMERS_ZLIB
  return std::make_unique<GzipFile>(std::move(file));
#else
  throw UnsupportedError("[open_bytes] " + path.string() +
                         ": is gzip, but this build of the library has no zlib; unpack the file");
#endif
}

}  // namespace sentence_transformers
