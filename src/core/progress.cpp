#include "core/progress.h"

#include <unistd.h>

#include <cmath>
#include <cstdio>

namespace sentence_transformers {
namespace {

constexpr int kBarWidth = 30;

/// Ten times a second on a terminal, every ten seconds elsewhere.
bool is_time(std::chrono::steady_clock::time_point drawn, bool terminal) {
  return std::chrono::steady_clock::now() - drawn >=
         (terminal ? std::chrono::milliseconds(100) : std::chrono::seconds(10));
}

}  // namespace

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
  if (!is_time(drawn_, terminal_)) return;
  drawn_ = Clock::now();
  draw();
}

void ProgressBar::draw() const {
  const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
  const std::string line = progress_line(name_, done_, total_, seconds, unit_,
                                         terminal_ ? kBarWidth : 0, already_done_, note_);
  std::fprintf(stderr, terminal_ ? "\r%s" : "%s\n", line.c_str());
  std::fflush(stderr);
}

ProgressLines::ProgressLines(bool enabled)
    : enabled_(enabled),
      terminal_(enabled && isatty(STDERR_FILENO)),
      drawn_(std::chrono::steady_clock::now()) {}

int ProgressLines::bar_width() const { return terminal_ ? kBarWidth : 0; }

bool ProgressLines::wants_status() const { return enabled_ && is_time(drawn_, terminal_); }

void ProgressLines::line(const std::string& text) { write(text, true); }

void ProgressLines::status(const std::string& text) {
  drawn_ = std::chrono::steady_clock::now();
  write(text, !terminal_);
}

void ProgressLines::write(const std::string& text, bool stays) {
  if (!enabled_) return;
  // What the line before was longer by is overwritten with blanks.
  const std::string blanks(width_ > text.size() ? width_ - text.size() : 0, ' ');
  std::fprintf(stderr, "%s%s%s%s", width_ > 0 ? "\r" : "", text.c_str(), blanks.c_str(),
               stays ? "\n" : "");
  std::fflush(stderr);
  width_ = stays ? 0 : text.size();
}

}  // namespace sentence_transformers
