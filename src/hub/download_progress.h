// What a download shows: a line for each file that is there, and the total as it goes.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "core/progress.h"
#include "hub/tree.h"

namespace sentence_transformers {

/// For several threads.
class DownloadProgress {
 public:
  DownloadProgress(const Tree& files, bool enabled);
  ~DownloadProgress();
  DownloadProgress(const DownloadProgress&) = delete;
  DownloadProgress& operator=(const DownloadProgress&) = delete;

  /// `bytes` more of a file (fewer, if it starts again); those that were there before do not count
  /// for the rate.
  void add(const std::string& path, int64_t bytes, bool were_there = false);
  void finish(const std::string& path);

 private:
  using Clock = std::chrono::steady_clock;
  struct File {
    int64_t done = 0, there = 0, total = 0;
    Clock::time_point start = {};
  };
  std::string total_line() const;

  ProgressLines lines_;
  std::map<std::string, File> files_;
  File all_;
  size_t finished_ = 0;
  std::mutex mutex_;
};

/// `name: 45%|####     | 41.0/90.9 MB [00:03<00:04, 13.2 MB/s]`, the bar only where `width` is not
/// 0; bytes that were `there` before do not count for the rate.
std::string download_line(const std::string& name, int64_t done, int64_t there, int64_t total,
                          double seconds, int width);

}  // namespace sentence_transformers
