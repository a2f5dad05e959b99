#include "core/progress.h"

#include <unistd.h>

#include <cmath>
#include <cstdio>

namespace sentence_transformers {
namespace {

constexpr int kBarWidth = 30;

std::string clock_time(double seconds) {
  const auto whole = static_cast<long long>(std::llround(seconds));
  char text[48];
  if (whole < 3600) {
    std::snprintf(text, sizeof text, "%02lld:%02lld", whole / 60, whole % 60);
  } else {
    std::snprintf(text, sizeof text, "%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60,
                  whole % 60);
  }
  return text;
}

}  // namespace

std::string progress_line(const std::string& name, int64_t done, int64_t total, double seconds,
                          const std::string& unit, int width, int64_t already_done,
                          const std::string& note) {
  const double fraction = total > 0 ? static_cast<double>(done) / static_cast<double>(total) : 1;
  const double rate = seconds > 0 ? static_cast<double>(done - already_done) / seconds : 0;
  const int filled = static_cast<int>(fraction * width);
  char tail[96];
  std::snprintf(tail, sizeof tail, ", %.2f %s/s", rate, unit.c_str());
  std::string line = name + ": " + std::to_string(static_cast<int>(fraction * 100)) + "%";
  if (width > 0) {
    line += "|" + std::string(filled, '#') + std::string(width - filled, ' ') + "|";
  }
  line += " " + std::to_string(done) + "/" + std::to_string(total) + " [" + clock_time(seconds) +
          "<" +
          (rate > 0 ? clock_time(static_cast<double>(total - done) / rate) : std::string("?"));
  return line + tail + (note.empty() ? "" : ", " + note) + "]";
}

ProgressBar::ProgressBar(std::string name, int64_t total, bool enabled, std::string unit,
                         int64_t already_done)
    : name_(std::move(name)),
      unit_(std::move(unit)),
      total_(total),
      already_done_(already_done),
      done_(already_done),
      enabled_(enabled),
      terminal_(enabled && isatty(STDERR_FILENO)),
      start_(Clock::now()),
      drawn_(start_) {}

ProgressBar::~ProgressBar() {
  if (!enabled_) return;
  draw();
  if (terminal_) std::fputc('\n', stderr);
}

void ProgressBar::update(int64_t done, std::string note) {
  done_ = done;
  note_ = std::move(note);
  if (!enabled_) return;
  const auto now = Clock::now();
  if (now - drawn_ < (terminal_ ? std::chrono::milliseconds(100) : std::chrono::seconds(10))) {
    return;
  }
  drawn_ = now;
  draw();
}

void ProgressBar::draw() const {
  const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
  const std::string line = progress_line(name_, done_, total_, seconds, unit_,
                                         terminal_ ? kBarWidth : 0, already_done_, note_);
  std::fprintf(stderr, terminal_ ? "\r%s" : "%s\n", line.c_str());
  std::fflush(stderr);
}

}  // namespace sentence_transformers
