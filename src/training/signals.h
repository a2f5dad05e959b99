// SIGINT and SIGTERM as a request to stop, for the length of a scope.
#pragma once

namespace sentence_transformers {

/// While it lives, and if `on`, the first signal is remembered instead of ending the process; the
/// second one ends it. The handlers from before come back afterwards.
class SignalGuard {
 public:
  explicit SignalGuard(bool on);
  ~SignalGuard();
  SignalGuard(const SignalGuard&) = delete;
  SignalGuard& operator=(const SignalGuard&) = delete;

  /// The signal that came, or 0.
  int received() const;

 private:
  bool on_;
};

}  // namespace sentence_transformers
