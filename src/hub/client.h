// The Hub's questions and answers: which commit a revision is, and which files it has.
#pragma once

#include <optional>
#include <string>

#include "hub/http.h"
#include "hub/settings.h"
#include "hub/tree.h"

namespace sentence_transformers {

/// What an HTTP answer means for who asked.
enum class Verdict {
  fine,
  try_again,         ///< no connection, time-out, cut, 408, 429, 5xx
  no_such_revision,  ///< the repository is there, the revision is not
  final,             ///< gated, missing, anything else
};
Verdict judge(const HttpAnswer& answer);

/// The text for an answer that is not fine: what was asked for, what came, what can be done.
std::string explain(const HttpAnswer& answer, const std::string& url, int tries,
                    const std::string& repository, const std::string& revision,
                    const HubSettings& settings);

/// Seconds to wait before the next try, the first being number 1; less than 0 if the Hub asks for
/// more than this library waits.
double wait_before(int next_try, const HttpAnswer& answer, const HubSettings& settings);

inline constexpr int kMostTries = 6;

class HubClient {
 public:
  HubClient(const HubSettings& settings, std::string repository, std::string function);

  /// What came of a question: the commit, or why there is none.
  struct Commit {
    std::string commit;
    Verdict verdict = Verdict::fine;
    std::string problem;
  };
  /// Of a revision, or of the default branch; up to `tries` times, with growing waits between them.
  Commit commit(const std::optional<std::string>& revision, int tries);

  /// All files at a commit. Throws LoadError.
  Tree tree(const std::string& commit, const std::string& revision);

 private:
  HttpAnswer ask(const std::string& url, int tries, int& tried);

  const HubSettings& settings_;
  std::string repository_, start_;
  HttpClient http_;
};

}  // namespace sentence_transformers
