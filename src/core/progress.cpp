#include "core/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "core/utf8.h"

namespace sentence_transformers {
namespace {

constexpr int kBarWidth = 30;

/// Ten times a second on a terminal, every ten seconds elsewhere.
bool is_time(std::chrono::steady_clock::time_point drawn, bool terminal) {
  return std::chrono::steady_clock::now() - drawn >=
         (terminal ? std::chrono::milliseconds(100) : std::chrono::seconds(10));
}

/// Characters of the terminal's line; the classic 80 where it does not know.
int terminal_columns() {
  winsize size = {};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/// The first `count` characters.
std::string first_characters(const std::string& text, int count) {
  size_t end = 0;
  for (; count > 0 && end < text.size(); --count) decode_utf8(text, end);
  return text.substr(0, end);
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
  // More than was planned may be done, and where work is counted anew, less than nothing.
  const double fraction =
      total > 0 ? std::clamp(static_cast<double>(done) / static_cast<double>(total), 0.0, 1.0) : 1;
  const int64_t left = std::max<int64_t>(total - done, 0);
  const double rate = seconds > 0 ? static_cast<double>(done - already_done) / seconds : 0;
  const int filled = static_cast<int>(fraction * width);
  char tail[96];
  std::snprintf(tail, sizeof tail, ", %.2f %s/s", rate, unit.c_str());
  std::string line = name + ": " + std::to_string(static_cast<int>(fraction * 100)) + "%";
  if (width > 0) {
    line += "|" + std::string(filled, '#') + std::string(width - filled, ' ') + "|";
  }
  line += " " + std::to_string(done) + "/" + std::to_string(total) + " [" + clock_time(seconds) +
          "<" + (rate > 0 ? clock_time(static_cast<double>(left) / rate) : std::string("?"));
  return line + tail + (note.empty() ? "" : ", " + note) + "]";
}

std::string fitted_progress_line(const std::string& name, int64_t done, int64_t total,
                                 double seconds, const std::string& unit, int columns,
                                 int64_t already_done, const std::string& note) {
  const auto line = [&](int width, const std::string& shown_note) {
    return progress_line(name, done, total, seconds, unit, width, already_done, shown_note);
  };
  const auto room = [&](const std::string& text) {
    return columns - static_cast<int>(utf8_length(text));
  };
  const std::string bare = line(0, note);
  constexpr int kLeastBar = 4, kFrame = 2;
  const int width = std::min(kBarWidth, room(bare) - kFrame);
  if (width >= kLeastBar) return line(width, note);
  if (room(bare) >= 0) return bare;
  const int kept = static_cast<int>(utf8_length(note)) + room(bare);
  return first_characters(line(0, first_characters(note, kept)), columns);
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
  if (terminal_) {
    // One column stays free: many terminals go to the next line when the last one is written to.
    const std::string line = fitted_progress_line(name_, done_, total_, seconds, unit_,
                                                  terminal_columns() - 1, already_done_, note_);
    std::fprintf(stderr, "\r%s\x1b[K", line.c_str());  // and clears what a longer line left
  } else {
    const std::string line =
        progress_line(name_, done_, total_, seconds, unit_, 0, already_done_, note_);
    std::fprintf(stderr, "%s\n", line.c_str());
  }
  std::fflush(stderr);
}

ProgressLines::ProgressLines(bool enabled)
    : enabled_(enabled),
      terminal_(enabled && isatty(STDERR_FILENO)),
      drawn_(std::chrono::steady_clock::now()) {}

int ProgressLines::bar_width() const {
  constexpr int kRest = 64;  // of a download's line beside its bar, at most
  return terminal_ ? std::clamp(terminal_columns() - kRest, 0, kBarWidth) : 0;
}

bool ProgressLines::wants_status() const { return enabled_ && is_time(drawn_, terminal_); }

void ProgressLines::line(const std::string& text) { write(text, true); }

void ProgressLines::status(const std::string& text) {
  drawn_ = std::chrono::steady_clock::now();
  write(text, !terminal_);
}

void ProgressLines::write(const std::string& text, bool stays) {
  if (!enabled_) return;
  if (terminal_) {
    // Over the line that changes, and what that was longer by is cleared.
    std::fprintf(stderr, "\r%s\x1b[K%s", first_characters(text, terminal_columns() - 1).c_str(),
                 stays ? "\n" : "");
  } else {
    std::fprintf(stderr, "%s%s", text.c_str(), stays ? "\n" : "");
  }
  std::fflush(stderr);
}

}  // namespace sentence_transformers
