// One HTTP request over libcurl: verified TLS, proxies from the environment, and a token that stays
// at the address it is for.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sentence_transformers {

struct HttpRequest {
  std::string url;
  std::string token = "";         ///< sent to the URL's own scheme, host and port alone
  uint64_t first_byte = 0;        ///< asks for the rest from here on
  int timeout = 10;               ///< seconds to connect, and without a byte
  uint64_t most_bytes = 1 << 26;  ///< of a body that is kept here
};

struct HttpAnswer {
  enum class Failure {
    none,       ///< there is a status and the whole body
    unreached,  ///< no connection
    timeout,    ///< nothing came for too long
    cut,        ///< the connection broke
    refused,    ///< what came cannot be used: TLS, a redirect, more bytes than wanted
    stopped,    ///< by `stop`, or the sink wanted no more
  };
  Failure failure = Failure::none;
  std::string reason;                          ///< of a failure, in words
  int status = 0;                              ///< 0 if no answer came
  std::map<std::string, std::string> headers;  ///< by lower-case name, of the last answer
  std::string body;                            ///< unless a sink took it

  std::string header(const std::string& name) const;
  /// "HTTP 503", or the failure.
  std::string text() const;
};

/// Takes a piece of the body of an answer with status 200 or 206; false wants no more.
using HttpSink = std::function<bool(const HttpAnswer& so_far, std::string_view piece)>;

/// Keeps its connections; for one thread.
class HttpClient {
 public:
  /// `stop`, which may be null, ends a request soon after it turns true.
  explicit HttpClient(const std::atomic<bool>* stop = nullptr);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Follows up to 20 redirects, never from https to http. Throws UnsupportedError where the
  /// library was built without libcurl.
  HttpAnswer get(const HttpRequest& request, const HttpSink& sink = nullptr);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Was the library built with libcurl?
bool has_http();

/// Scheme, host and port of a URL in one text, to compare; "" for what is no URL.
std::string url_origin(const std::string& url);

}  // namespace sentence_transformers
