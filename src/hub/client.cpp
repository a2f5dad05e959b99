#include "hub/client.h"

#include <sentence_transformers/error.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <thread>

#include "hub/hash.h"
#include "hub/names.h"

namespace sentence_transformers {
namespace {

using Failure = HttpAnswer::Failure;

constexpr double kLongestWait = 8;          // seconds, of our own
constexpr double kLongestRetryAfter = 120;  // that the Hub may ask for

/// Seconds of Retry-After, or a negative number; its form as a date is not worth reading.
double retry_after(const HttpAnswer& answer) {
  const std::string text = answer.header("retry-after");
  char* end = nullptr;
  const double seconds = std::strtod(text.c_str(), &end);
  return text.empty() || *end || !(seconds >= 0) ? -1 : seconds;
}

/// The page after this one, of `Link: <URL>; rel="next"`.
std::string next_page(const HttpAnswer& answer) {
  const std::string link = answer.header("link");
  const size_t rel = link.find("rel=\"next\"");
  if (rel == link.npos) return "";
  const size_t begin = link.rfind('<', rel), end = link.find('>', begin);
  return begin == link.npos || end == link.npos ? "" : link.substr(begin + 1, end - begin - 1);
}

}  // namespace

Verdict judge(const HttpAnswer& answer) {
  switch (answer.failure) {
    case Failure::unreached:
    case Failure::timeout:
    case Failure::cut:
      return Verdict::try_again;
    case Failure::refused:
    case Failure::stopped:
      return Verdict::final;
    case Failure::none:
      break;
  }
  if (answer.status == 200 || answer.status == 206) return Verdict::fine;
  if (answer.status == 408 || answer.status == 429 || answer.status >= 500) {
    return Verdict::try_again;
  }
  return answer.header("x-error-code") == "RevisionNotFound" ? Verdict::no_such_revision
                                                             : Verdict::final;
}

std::string explain(const HttpAnswer& answer, const std::string& url, int tries,
                    const std::string& repository, const std::string& revision,
                    const HubSettings& settings) {
  const std::string code = answer.header("x-error-code");
  const std::string message = answer.header("x-error-message");
  std::string text = url + ": " + answer.text();
  if (answer.failure == Failure::none && !message.empty()) text += " (" + message + ")";
  if (tries > 1) text += " after " + std::to_string(tries) + " tries";
  const std::string had = settings.token.empty() ? "no token was sent" : "a token was sent";
  const std::string set_token = "set HF_TOKEN or LoadOptions::token";
  if (answer.failure != Failure::none) {
    if (answer.failure == Failure::refused) return text;
    return text + ". Is there a network, and is HF_ENDPOINT right? HF_HUB_OFFLINE=1 stops asking";
  }
  if (code == "RevisionNotFound") {
    return text + ": \"" + repository + "\" has no revision \"" + revision + "\"";
  }
  if (code == "GatedRepo" || answer.status == 403) {
    return text + ": access to \"" + repository + "\" is restricted and " + had +
           "; accept the licence at " + settings.endpoint + "/" + repository + " and " + set_token;
  }
  if (answer.status == 401 || answer.status == 404) {
    return text + ": there is no \"" + repository + "\" (revision \"" + revision +
           "\") on the Hub, or it is private, which looks the same without access; " + had + "; " +
           set_token;
  }
  if (answer.status == 429) {
    const double wait = retry_after(answer);
    return text + ": too many requests" +
           (wait > 0 ? ", the Hub asks to wait " + std::to_string(static_cast<long>(wait)) + " s"
                     : std::string()) +
           (settings.token.empty() ? "; a token (HF_TOKEN) raises the limit" : "");
  }
  if (answer.status >= 500) return text + ": the Hub has a problem of its own, try again later";
  return text;
}

double wait_before(int next_try, const HttpAnswer& answer, const HubSettings& settings) {
  const double asked = retry_after(answer);
  if (asked > kLongestRetryAfter) return -1;
  double own = settings.first_wait;
  for (int i = 2; i < next_try; ++i) own *= 2;
  return std::max(asked, std::min(own, kLongestWait));
}

HubClient::HubClient(const HubSettings& settings, std::string repository, std::string function)
    : settings_(settings),
      repository_(std::move(repository)),
      start_("[" + std::move(function) + "] ") {}

HttpAnswer HubClient::ask(const std::string& url, int tries, int& tried) {
  for (tried = 1;; ++tried) {
    HttpAnswer answer =
        http_.get({.url = url, .token = settings_.token, .timeout = settings_.etag_timeout});
    if (tried >= tries || judge(answer) != Verdict::try_again) return answer;
    const double wait = wait_before(tried + 1, answer, settings_);
    if (wait < 0) return answer;
    std::this_thread::sleep_for(std::chrono::duration<double>(wait));
  }
}

HubClient::Commit HubClient::commit(const std::optional<std::string>& revision, int tries) {
  const std::string url = settings_.endpoint + "/api/models/" + url_quoted(repository_, true) +
                          (revision ? "/revision/" + url_quoted(*revision, false) : "");
  int tried = 0;
  const HttpAnswer answer = ask(url, tries, tried);
  const Verdict verdict = judge(answer);
  if (verdict != Verdict::fine) {
    return {"", verdict,
            explain(answer, url, tried, repository_, revision.value_or("main"), settings_)};
  }
  try {
    const auto commit = nlohmann::json::parse(answer.body).at("sha").get<std::string>();
    if (is_hexadecimal(commit, 40)) return {commit, verdict, ""};
  } catch (const nlohmann::json::exception&) {
    // Whatever it is, it is no answer of the Hub.
  }
  return {"", Verdict::final,
          url + ": expected JSON with a commit as \"sha\"; is this the Hub? HF_ENDPOINT is " +
              settings_.endpoint};
}

Tree HubClient::tree(const std::string& commit, const std::string& revision) {
  constexpr int kMostPages = 1000;
  std::string url = settings_.endpoint + "/api/models/" + url_quoted(repository_, true) + "/tree/" +
                    commit + "?recursive=true&expand=false";
  const std::string origin = url_origin(url);
  Tree tree;
  for (int page = 0; !url.empty(); ++page) {
    if (page == kMostPages || url_origin(url) != origin) {
      throw LoadError(start_ + "the list of files of \"" + repository_ + "\" goes on " +
                      (page == kMostPages ? "without end" : "at another host: " + url));
    }
    int tried = 0;
    const HttpAnswer answer = ask(url, kMostTries, tried);
    if (judge(answer) != Verdict::fine) {
      throw LoadError(start_ + explain(answer, url, tried, repository_, revision, settings_));
    }
    add_tree_page(answer.body, start_ + url + ": ", tree);
    url = next_page(answer);
  }
  return tree;
}

}  // namespace sentence_transformers
