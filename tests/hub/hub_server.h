// A small Hub on the loopback interface, with the faults a test wants.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace sentence_transformers::test {

struct ServerRequest {
  std::string method, path;                    // as sent, with the query
  std::map<std::string, std::string> headers;  // by lower-case name
  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
};

struct ServerAnswer {
  int status = 200;
  std::map<std::string, std::string> headers = {};
  std::string body = {};
  std::optional<size_t> cut_after = {};    // bytes of the body, then the connection is closed
  std::optional<size_t> stall_after = {};  // bytes of the body, then nothing comes
  std::string raw = {};                    // sent instead of everything else
};

class HubServer {
 public:
  HubServer();
  ~HubServer();
  HubServer(const HubServer&) = delete;
  HubServer& operator=(const HubServer&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

  /// A repository's file at its commit; a large one is named by its SHA-256.
  void add(const std::string& repository, const std::string& path, const std::string& content,
           bool large = false);
  /// Another commit, with the files added from now on and the old ones.
  void set_commit(const std::string& repository, const std::string& commit);
  std::string commit(const std::string& repository) const;
  /// Large files come from there.
  void redirect_large_files_to(const HubServer& storage) { storage_ = storage.url(); }
  /// The storage's part: content by hash.
  void store(const std::string& content);

  /// May change an answer before it is sent; called from several threads, one at a time.
  using Change = std::function<void(const ServerRequest&, ServerAnswer&)>;
  void change_answers(Change change) {
    const std::lock_guard lock(mutex_);
    change_ = std::move(change);
  }

  std::vector<ServerRequest> requests() const;
  /// How many requests have `part` in "METHOD PATH".
  size_t count(const std::string& part) const;
  void forget_requests();

 private:
  struct File {
    std::string content, blob_id, sha256;
    bool large = false;
  };
  struct Repository {
    std::string commit;
    std::map<std::string, File> files;
  };
  void accept_all();
  void serve(int connection);
  ServerAnswer answer(const ServerRequest& request) const;
  ServerAnswer model_answer(const std::string& rest) const;
  std::optional<ServerAnswer> file_answer(const ServerRequest& request) const;

  int listener_ = -1, port_ = 0;
  std::string storage_;
  std::map<std::string, Repository> repositories_;
  std::map<std::string, std::string> stored_;
  mutable std::mutex mutex_;
  Change change_ = {};
  std::vector<ServerRequest> requests_;
  std::vector<std::thread> threads_;
  std::vector<int> connections_;
  std::atomic<bool> stop_ = false;
  std::thread acceptor_;
};

std::string sha256_of(const std::string& content);
std::string git_hash_of(const std::string& content);

}  // namespace sentence_transformers::test
