#include "hub/download_progress.h"

#include <cmath>
#include <cstdio>

namespace sentence_transformers {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

struct Unit {
  double bytes;
  const char* name;
};

Unit unit_of(double bytes) {
  for (const Unit& unit : {Unit{1e9, "GB"}, Unit{1e6, "MB"}, Unit{1e3, "kB"}}) {
    if (bytes >= unit.bytes) return unit;
  }
  return {1, "B"};
}

/// One decimal, but whole bytes.
std::string number(double bytes, const Unit& unit) {
  char text[32];
  std::snprintf(text, sizeof text, unit.bytes > 1 ? "%.1f" : "%.0f", bytes / unit.bytes);
  return text;
}

}  // namespace

std::string download_line(const std::string& name, int64_t done, int64_t there, int64_t total,
                          double seconds, int width) {
  const double fraction = total > 0 ? static_cast<double>(done) / static_cast<double>(total) : 1;
  const double rate = seconds > 0 ? static_cast<double>(done - there) / seconds : 0;
  const Unit unit = unit_of(static_cast<double>(total)), speed = unit_of(rate);
  std::string line = name + ": " + std::to_string(static_cast<int>(fraction * 100)) + "%";
  if (width > 0) {
    const auto filled = static_cast<size_t>(fraction * width);
    line += "|" + std::string(filled, '#') + std::string(static_cast<size_t>(width) - filled, ' ') +
            "|";
  }
  return line + " " + number(static_cast<double>(done), unit) + "/" +
         number(static_cast<double>(total), unit) + " " + unit.name + " [" + clock_time(seconds) +
         "<" +
         (rate > 0 ? clock_time(static_cast<double>(total - done) / rate) : std::string("?")) +
         ", " + number(rate, speed) + " " + speed.name + "/s]";
}

DownloadProgress::DownloadProgress(const Tree& files, bool enabled) : lines_(enabled) {
  const Clock::time_point now = Clock::now();
  all_.start = now;
  for (const auto& [path, file] : files) {
    files_[path] = {.total = static_cast<int64_t>(file.size), .start = now};
    all_.total += static_cast<int64_t>(file.size);
  }
}

DownloadProgress::~DownloadProgress() { lines_.line(total_line()); }

std::string DownloadProgress::total_line() const {
  return download_line(
      "Downloading " + std::to_string(finished_) + "/" + std::to_string(files_.size()) + " files",
      all_.done, all_.there, all_.total, seconds_since(all_.start), lines_.bar_width());
}

void DownloadProgress::add(const std::string& path, int64_t bytes, bool were_there) {
  const std::lock_guard lock(mutex_);
  File& file = files_.at(path);
  if (file.done == 0) file.start = Clock::now();
  for (File* counted : {&file, &all_}) {
    counted->done += bytes;
    if (were_there) counted->there += bytes;
  }
  if (lines_.wants_status()) lines_.status(total_line());
}

void DownloadProgress::finish(const std::string& path) {
  const std::lock_guard lock(mutex_);
  ++finished_;
  const File& file = files_.at(path);
  lines_.line(download_line(path, file.done, file.there, file.total, seconds_since(file.start),
                            lines_.bar_width()));
}

}  // namespace sentence_transformers
