// A progress bar on stderr: a bar that redraws itself on a terminal, a plain line now and then
// elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace sentence_transformers {

/// Shows `name: 45%|####     | 450/1000 [00:03<00:04, 130.25 text/s]`, on a terminal in one line of
/// its width. Draws at most ten times a second on a terminal and every ten seconds elsewhere; the
/// last line always appears. One thread at a time.
class ProgressBar {
 public:
  ProgressBar(std::string name, int64_t total, bool enabled, std::string unit = "text",
              int64_t already_done = 0);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// `done` of `total` are done by now; `note` is shown behind.
  void update(int64_t done, std::string note = "");

 private:
  using Clock = std::chrono::steady_clock;
  void draw() const;

  std::string name_, unit_, note_;
  int64_t total_, already_done_, done_;
  bool enabled_, terminal_;
  Clock::time_point start_, drawn_;
};

/// Lines that stay on stderr, and below them on a terminal one that changes; there, they are cut to
/// its width. One thread at a time.
class ProgressLines {
 public:
  explicit ProgressLines(bool enabled);
  /// How wide a bar may be: 0 off a terminal, and where there is no room.
  int bar_width() const;
  void line(const std::string& text);
  /// Is it time for another status()? Ten times a second on a terminal, every ten seconds
  /// elsewhere.
  bool wants_status() const;
  void status(const std::string& text);

 private:
  void write(const std::string& text, bool stays);

  bool enabled_, terminal_;
  std::chrono::steady_clock::time_point drawn_;
};

/// `minutes:seconds`, with hours where there are some.
std::string clock_time(double seconds);

/// The line that ProgressBar shows, without line end. A `width` of 0 leaves the bar itself out. The
/// first `already_done` do not count for the rate. More than `total` done shows as a full bar.
std::string progress_line(const std::string& name, int64_t done, int64_t total, double seconds,
                          const std::string& unit, int width, int64_t already_done = 0,
                          const std::string& note = "");

/// The same in at most `columns` characters: the bar shrinks from 30 characters to none, then the
/// note is cut, then what is left of the line.
std::string fitted_progress_line(const std::string& name, int64_t done, int64_t total,
                                 double seconds, const std::string& unit, int columns,
                                 int64_t already_done = 0, const std::string& note = "");

}  // namespace sentence_transformers
