#include "hub/http.h"

#include <sentence_transformers/error.h>
#include <sentence_transformers/version.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdlib>
#include <mutex>

#ifdef SENTENCE_TRANSFORMERS_CURL
#include <curl/curl.h>
#endif

namespace sentence_transformers {
namespace {

using Failure = HttpAnswer::Failure;

}  // namespace

std::string HttpAnswer::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

std::string HttpAnswer::text() const {
  return failure == Failure::none ? "HTTP " + std::to_string(status) : reason;
}

#ifdef SENTENCE_TRANSFORMERS_CURL

namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// What one exchange works on while libcurl calls back.
struct Exchange {
  HttpAnswer answer;
  const HttpSink* sink = nullptr;
  const std::atomic<bool>* stop = nullptr;
  const HttpRequest* request = nullptr;
  CURL* handle = nullptr;
  curl_off_t progress = -1;  // bytes that came, and one more for the connection
  std::chrono::steady_clock::time_point last_progress = {};
};

size_t take_header(char* data, size_t, size_t size, void* user) {
  auto& answer = static_cast<Exchange*>(user)->answer;
  const std::string line(data, size);
  if (line.starts_with("HTTP/")) {  // after "100 Continue" or a proxy's answer comes another
    answer.headers.clear();
    const size_t space = line.find(' ');
    answer.status = space == line.npos ? 0 : std::atoi(line.c_str() + space);
    return size;
  }
  const size_t colon = line.find(':');
  if (colon == line.npos) return size;
  const size_t begin = std::min(line.find_first_not_of(" \t", colon + 1), size);
  const size_t end = line.find_last_not_of(" \t\r\n") + 1;
  answer.headers[lower(line.substr(0, colon))] = begin < end ? line.substr(begin, end - begin) : "";
  return size;
}

size_t take_body(char* data, size_t, size_t size, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  HttpAnswer& answer = exchange.answer;
  if (*exchange.sink && (answer.status == 200 || answer.status == 206)) {
    if ((*exchange.sink)(answer, {data, size})) return size;
    answer.failure = Failure::stopped;
    return 0;
  }
  if (answer.body.size() + size > exchange.request->most_bytes) {
    answer.failure = Failure::refused;
    answer.reason = "more than " + std::to_string(exchange.request->most_bytes) + " bytes came";
    return 0;
  }
  answer.body.append(data, size);
  return size;
}

/// Called about once a second. libcurl's own limit on slow transfers looks at several seconds and
/// so notices late.
int told_to_stop(void* user, curl_off_t, curl_off_t now, curl_off_t, curl_off_t) {
  auto& exchange = *static_cast<Exchange*>(user);
  if (exchange.stop && exchange.stop->load()) return 1;
  curl_off_t connected = 0;
  curl_easy_getinfo(exchange.handle, CURLINFO_PRETRANSFER_TIME_T, &connected);
  const curl_off_t progress = now + (connected > 0 ? 1 : 0);
  const auto time = std::chrono::steady_clock::now();
  if (progress != exchange.progress) {
    exchange.progress = progress;
    exchange.last_progress = time;
  } else if (time - exchange.last_progress >= std::chrono::seconds(exchange.request->timeout)) {
    exchange.answer.failure = Failure::timeout;
    exchange.answer.reason = "nothing came for " + std::to_string(exchange.request->timeout) + " s";
    return 1;
  }
  return 0;
}

Failure kind_of(CURLcode code) {
  switch (code) {
    case CURLE_OK:
      return Failure::none;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
      return Failure::unreached;
    case CURLE_OPERATION_TIMEDOUT:
      return Failure::timeout;
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return Failure::cut;
    case CURLE_ABORTED_BY_CALLBACK:
      return Failure::stopped;
    default:
      return Failure::refused;
  }
}

}  // namespace

struct HttpClient::Impl {
  explicit Impl(const std::atomic<bool>* stop) : stop(stop) {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    handle = curl_easy_init();
    if (!handle) throw Error("[HttpClient] libcurl gives no handle");
  }
  ~Impl() { curl_easy_cleanup(handle); }

  /// One request and its answer; a redirect is an answer like another.
  HttpAnswer exchange(const HttpRequest& request, const std::string& url, bool with_token,
                      const HttpSink& sink) {
    Exchange exchange{{}, &sink, stop, &request, handle};
    char text[CURL_ERROR_SIZE] = "";
    curl_slist* headers = curl_slist_append(nullptr, "Accept-Encoding: identity");
    const auto add = [&](const std::string& line) {
      headers = curl_slist_append(headers, line.c_str());
    };
    if (with_token) add("Authorization: Bearer " + request.token);
    if (request.first_byte > 0) {
      add("Range: bytes=" + std::to_string(request.first_byte) + "-");
    }

    curl_easy_reset(handle);  // keeps the connections
    const auto set = [&](CURLoption option, auto value) {
      curl_easy_setopt(handle, option, value);
    };
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075500
    set(CURLOPT_PROTOCOLS_STR, "http,https");
#else
    set(CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));  // proxies get no token
    set(CURLOPT_HTTPHEADER, headers);
    set(CURLOPT_USERAGENT, "sentence-transformers-cpp/" SENTENCE_TRANSFORMERS_VERSION);
    if (const char* file = std::getenv("SSL_CERT_FILE"); file && *file) set(CURLOPT_CAINFO, file);
    if (const char* dir = std::getenv("SSL_CERT_DIR"); dir && *dir) set(CURLOPT_CAPATH, dir);
    set(CURLOPT_CONNECTTIMEOUT, static_cast<long>(request.timeout));
    set(CURLOPT_ERRORBUFFER, text);
    set(CURLOPT_HEADERFUNCTION, take_header);
    set(CURLOPT_HEADERDATA, &exchange);
    set(CURLOPT_WRITEFUNCTION, take_body);
    set(CURLOPT_WRITEDATA, &exchange);
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, told_to_stop);
    set(CURLOPT_XFERINFODATA, &exchange);

    const CURLcode code = curl_easy_perform(handle);
    curl_slist_free_all(headers);
    HttpAnswer& answer = exchange.answer;
    if (answer.failure == Failure::none) answer.failure = kind_of(code);
    if (answer.failure != Failure::none && answer.reason.empty()) {
      answer.reason = *text ? text : curl_easy_strerror(code);
    }
    return std::move(answer);
  }

  /// Where a redirect leads, as an absolute address.
  std::string redirect() const {
    char* url = nullptr;
    curl_easy_getinfo(handle, CURLINFO_REDIRECT_URL, &url);
    return url ? url : "";
  }

  CURL* handle;
  const std::atomic<bool>* stop;
};

/// As libcurl itself reads it, so that both mean the same host.
std::string url_origin(const std::string& url) {
  const std::unique_ptr<CURLU, void (*)(CURLU*)> parts(curl_url(), curl_url_cleanup);
  if (!parts || curl_url_set(parts.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return "";
  std::string origin;
  for (const CURLUPart part : {CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT}) {
    char* text = nullptr;
    if (curl_url_get(parts.get(), part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return "";
    origin += (origin.empty() ? "" : ":") + lower(text);
    curl_free(text);
  }
  return origin;
}

HttpAnswer HttpClient::get(const HttpRequest& request, const HttpSink& sink) {
  constexpr int kMostRedirects = 20;
  const std::string origin = url_origin(request.url);
  std::string url = request.url;
  for (int redirects = 0;; ++redirects) {
    const bool with_token = !request.token.empty() && url_origin(url) == origin;
    HttpAnswer answer = impl_->exchange(request, url, with_token, sink);
    const std::string next = impl_->redirect();
    if (answer.failure != Failure::none || answer.status / 100 != 3 || next.empty()) return answer;
    if (redirects == kMostRedirects || (url.starts_with("https:") && !next.starts_with("https:"))) {
      answer.failure = Failure::refused;
      answer.reason = redirects == kMostRedirects
                          ? "more than " + std::to_string(kMostRedirects) + " redirects"
                          : "a redirect from https to " + next.substr(0, next.find(':'));
      return answer;
    }
    url = next;
  }
}

HttpClient::HttpClient(const std::atomic<bool>* stop) : impl_(std::make_unique<Impl>(stop)) {}
bool has_http() { return true; }

#else

struct HttpClient::Impl {};
HttpClient::HttpClient(const std::atomic<bool>*) {}
bool has_http() { return false; }
std::string url_origin(const std::string&) { return ""; }

HttpAnswer HttpClient::get(const HttpRequest& request, const HttpSink&) {
  throw UnsupportedError("[HttpClient] cannot get " + request.url +
                         ": this library was built without libcurl");
}

#endif

HttpClient::~HttpClient() = default;

}  // namespace sentence_transformers
