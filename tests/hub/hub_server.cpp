#include "hub/hub_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "hub/hash.h"

namespace sentence_transformers::test {
namespace {

std::string hash(const std::string& content, size_t digits) {
  ContentHash hash(std::string(digits, '0'), content.size());
  hash.update(content.data(), content.size());
  return hash.finish();
}

bool send_all(int connection, const std::string& text) {
  for (size_t sent = 0; sent < text.size();) {
    const ssize_t count = ::send(connection, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) return false;
    sent += static_cast<size_t>(count);
  }
  return true;
}

ServerAnswer not_found(const std::string& code) {
  return {.status = 404, .headers = {{"X-Error-Code", code}}};
}

}  // namespace

std::string sha256_of(const std::string& content) { return hash(content, 64); }
std::string git_hash_of(const std::string& content) { return hash(content, 40); }

HubServer::HubServer() {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, any, size) != 0 || ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, any, &size) != 0) {
    throw std::runtime_error("no server on 127.0.0.1");
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

HubServer::~HubServer() {
  stop_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  ::close(listener_);
  {
    const std::lock_guard lock(mutex_);
    for (const int connection : connections_) ::shutdown(connection, SHUT_RDWR);
  }
  for (std::thread& thread : threads_) thread.join();
  for (const int connection : connections_) ::close(connection);
}

void HubServer::accept_all() {
  while (!stop_) {
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    const std::lock_guard lock(mutex_);
    connections_.push_back(connection);
    threads_.emplace_back([this, connection] { serve(connection); });
  }
}

void HubServer::serve(int connection) {
  std::string text;
  char buffer[4096];
  for (;;) {
    const size_t end = text.find("\r\n\r\n");
    if (end == text.npos) {
      const ssize_t count = ::recv(connection, buffer, sizeof buffer, 0);
      if (count <= 0) return;
      text.append(buffer, static_cast<size_t>(count));
      continue;
    }
    ServerRequest request;
    size_t begin = text.find("\r\n");
    const std::string first = text.substr(0, begin);
    request.method = first.substr(0, first.find(' '));
    request.path = first.substr(first.find(' ') + 1);
    request.path.resize(request.path.find(' '));
    while (begin < end) {
      begin += 2;
      const size_t line_end = text.find("\r\n", begin), colon = text.find(':', begin);
      std::string name = text.substr(begin, colon - begin);
      std::transform(name.begin(), name.end(), name.begin(), ::tolower);
      request.headers[name] = text.substr(colon + 2, line_end - colon - 2);
      begin = line_end;
    }
    text.erase(0, end + 4);

    ServerAnswer sent;
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
      sent = answer(request);
      if (change_) change_(request, sent);
    }
    std::string head = "HTTP/1.1 " + std::to_string(sent.status) + " .\r\n";
    if (!sent.headers.count("Content-Length")) {
      sent.headers["Content-Length"] = std::to_string(sent.body.size());
    }
    for (const auto& [name, value] : sent.headers) head += name + ": " + value + "\r\n";
    if (!sent.raw.empty()) {
      send_all(connection, sent.raw);
      ::shutdown(connection, SHUT_RDWR);
      return;
    }
    const size_t part = std::min(
        {sent.cut_after.value_or(sent.body.size()), sent.stall_after.value_or(sent.body.size())});
    if (!send_all(connection, head + "\r\n" + sent.body.substr(0, part))) return;
    if (sent.cut_after) {
      ::shutdown(connection, SHUT_RDWR);
      return;
    }
  }
}

void HubServer::add(const std::string& repository, const std::string& path,
                    const std::string& content, bool large) {
  const std::lock_guard lock(mutex_);
  Repository& target = repositories_[repository];
  if (target.commit.empty()) target.commit = std::string(40, 'a');
  target.files[path] = {content, git_hash_of(content), large ? sha256_of(content) : "", large};
}

void HubServer::set_commit(const std::string& repository, const std::string& commit) {
  const std::lock_guard lock(mutex_);
  repositories_[repository].commit = commit;
}

std::string HubServer::commit(const std::string& repository) const {
  const std::lock_guard lock(mutex_);
  return repositories_.at(repository).commit;
}

void HubServer::store(const std::string& content) {
  const std::lock_guard lock(mutex_);
  stored_[sha256_of(content)] = content;
}

/// What is behind /api/models/.
ServerAnswer HubServer::model_answer(const std::string& rest) const {
  for (const auto& [name, repository] : repositories_) {
    if (rest != name && !rest.starts_with(name + "/")) continue;
    const std::string question = rest.substr(name.size());
    if (question.empty() || question == "/revision/main" || question == "/revision/v1" ||
        question == "/revision/refs%2Fpr%2F4" || question == "/revision/" + repository.commit) {
      return {.body = nlohmann::json({{"id", name}, {"sha", repository.commit}}).dump()};
    }
    if (question == "/tree/" + repository.commit + "?recursive=true&expand=false") {
      nlohmann::json list = nlohmann::json::array();
      list.push_back({{"type", "directory"}, {"path", "folder"}, {"oid", std::string(40, '0')}});
      for (const auto& [path, file] : repository.files) {
        nlohmann::json entry = {
            {"type", "file"}, {"path", path}, {"oid", file.blob_id}, {"size", file.content.size()}};
        if (file.large) {
          entry["lfs"] = {
              {"oid", file.sha256}, {"size", file.content.size()}, {"pointerSize", 134}};
        }
        list.push_back(entry);
      }
      return {.body = list.dump()};
    }
    return not_found("RevisionNotFound");
  }
  return not_found("RepoNotFound");
}

std::optional<ServerAnswer> HubServer::file_answer(const ServerRequest& request) const {
  std::string content;
  if (request.path.starts_with("/stored/")) {
    const auto found = stored_.find(request.path.substr(8));
    if (found == stored_.end()) return std::nullopt;
    content = found->second;
  } else {
    bool is_found = false;
    for (const auto& [name, repository] : repositories_) {
      const std::string start = "/" + name + "/resolve/" + repository.commit + "/";
      if (!request.path.starts_with(start)) continue;
      const auto file = repository.files.find(request.path.substr(start.size()));
      if (file == repository.files.end()) return not_found("EntryNotFound");
      if (file->second.large && !storage_.empty()) {
        return ServerAnswer{.status = 302,
                            .headers = {{"Location", storage_ + "/stored/" + file->second.sha256}}};
      }
      content = file->second.content;
      is_found = true;
    }
    if (!is_found) return std::nullopt;
  }
  const std::string range = request.header("range");
  if (!range.starts_with("bytes=")) return ServerAnswer{.body = content};
  const size_t first = std::stoull(range.substr(6));
  if (first >= content.size()) return ServerAnswer{.status = 416};
  return ServerAnswer{.status = 206,
                      .headers = {{"Content-Range", "bytes " + std::to_string(first) + "-" +
                                                        std::to_string(content.size() - 1) + "/" +
                                                        std::to_string(content.size())}},
                      .body = content.substr(first)};
}

ServerAnswer HubServer::answer(const ServerRequest& request) const {
  constexpr const char* kModels = "/api/models/";
  if (request.path.starts_with(kModels)) {
    return model_answer(request.path.substr(std::string(kModels).size()));
  }
  return file_answer(request).value_or(not_found("RepoNotFound"));
}

std::vector<ServerRequest> HubServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

size_t HubServer::count(const std::string& part) const {
  const std::lock_guard lock(mutex_);
  return static_cast<size_t>(
      std::count_if(requests_.begin(), requests_.end(), [&](const ServerRequest& request) {
        return (request.method + " " + request.path).find(part) != std::string::npos;
      }));
}

void HubServer::forget_requests() {
  const std::lock_guard lock(mutex_);
  requests_.clear();
}

}  // namespace sentence_transformers::test
