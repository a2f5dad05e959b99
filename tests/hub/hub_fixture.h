// What the tests of the Hub share: a server, an empty cache, an environment of their own, and other
// processes.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/files.h"
#include "hub/http.h"
#include "hub/hub_server.h"
#include "hub/resolve.h"
#include "hub/snapshot.h"
#include "support.h"

namespace sentence_transformers::test {

/// None of the variables that the Hub's settings are read from, put back at the end.
class HubEnvironment {
 public:
  HubEnvironment() {
    for (const char* name : kNames) {
      if (const char* value = std::getenv(name)) old_[name] = value;
      unsetenv(name);
    }
  }
  ~HubEnvironment() {
    for (const char* name : kNames) {
      old_.count(name) ? setenv(name, old_[name].c_str(), 1) : unsetenv(name);
    }
  }

 private:
  static constexpr const char* kNames[] = {"SENTENCE_TRANSFORMERS_HOME",
                                           "HF_HUB_CACHE",
                                           "HUGGINGFACE_HUB_CACHE",
                                           "HF_HOME",
                                           "XDG_CACHE_HOME",
                                           "HOME",
                                           "HF_ENDPOINT",
                                           "HF_TOKEN",
                                           "HUGGING_FACE_HUB_TOKEN",
                                           "HF_TOKEN_PATH",
                                           "HF_HUB_DISABLE_IMPLICIT_TOKEN",
                                           "HF_HUB_OFFLINE",
                                           "TRANSFORMERS_OFFLINE",
                                           "HF_HUB_DISABLE_SYMLINKS",
                                           "HF_HUB_ETAG_TIMEOUT",
                                           "HF_HUB_DOWNLOAD_TIMEOUT"};
  std::map<std::string, std::string> old_;
};

/// Another process that runs `work`; its text is what comes back.
class Child {
 public:
  explicit Child(const std::function<std::string()>& work) {
    int ends[2];
    if (pipe(ends) != 0) throw std::runtime_error("no pipe");
    id_ = fork();
    if (id_ == 0) {
      std::string text;
      try {
        text = work();
      } catch (const std::exception& e) {
        text = e.what();
      }
      (void)!write(ends[1], text.data(), text.size());
      _exit(0);
    }
    close(ends[1]);
    end_ = ends[0];
  }
  ~Child() { text(); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void kill() const { ::kill(id_, SIGKILL); }
  /// Waits for its end.
  std::string text() {
    if (end_ < 0) return text_;
    char buffer[1024];
    for (ssize_t count = 0; (count = read(end_, buffer, sizeof buffer)) > 0;) {
      text_.append(buffer, static_cast<size_t>(count));
    }
    close(end_);
    end_ = -1;
    waitpid(id_, nullptr, 0);
    return text_;
  }

 private:
  pid_t id_;
  int end_;
  std::string text_;
};

/// The server has "org/m": settings, a pooling folder and large weights.
class HubTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_http()) GTEST_SKIP() << "built without libcurl";
    setenv("HF_ENDPOINT", server.url().c_str(), 1);
    setenv("HF_HOME", (dir.path() / "hf").c_str(), 1);
    for (const auto& [path, content] : files) server.add("org/m", path, content, path == kWeights);
    commit = server.commit("org/m");
  }

  static std::string pattern(size_t size) {
    std::string text;
    for (size_t i = 0; text.size() < size; ++i) text += std::to_string(i * i) + "\n";
    text.resize(size);
    return text;
  }

  HubSettings settings(const HubOptions& options = {}) const {
    HubSettings settings = read_hub_settings(options, "Test");
    settings.first_wait = 0.01;
    return settings;
  }
  fs::path load(const HubOptions& options = {}, const std::string& name = "org/m") const {
    HubAnswer answer = hub_snapshot(name, options.revision, settings(options),
                                    options.show_progress_bar, 6, "Test");
    if (answer.folder.empty()) throw std::runtime_error(answer.problem);
    return answer.folder;
  }
  fs::path repository() const { return dir.path() / "hf/hub/models--org--m"; }
  fs::path snapshot() const { return repository() / "snapshots" / commit; }
  fs::path incomplete() const {
    return repository() / "blobs" / (sha256_of(files.at(kWeights)) + ".incomplete");
  }
  void expect_whole(const fs::path& folder) const {
    for (const auto& [path, content] : files) EXPECT_EQ(read_file(folder / path), content) << path;
  }
  /// Is there nothing that a loader could take for the weights?
  void expect_no_weights() const {
    EXPECT_FALSE(fs::exists(snapshot() / kWeights));
    EXPECT_FALSE(fs::exists(repository() / "blobs" / sha256_of(files.at(kWeights))));
  }
  size_t weights_requests() const { return server.count(std::string("/") + kWeights); }
  static bool is_weights(const ServerRequest& request) { return request.path.ends_with(kWeights); }

  static constexpr const char* kWeights = "model.safetensors";
  const std::map<std::string, std::string> files = {
      {"modules.json",
       R"([{"path": "", "type": "sentence_transformers.models.Transformer"},
           {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
           {"path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}])"},
      {"config.json", "{}"},
      {"config_sentence_transformers.json", "{\"a\": 1}"},
      {"tokenizer.json", pattern(30000)},
      {"1_Pooling/config.json", "{\"word_embedding_dimension\": 4}"},
      {kWeights, pattern(400000)}};
  HubEnvironment environment;
  TempDir dir;
  HubServer server;
  std::string commit;
};

/// The same, with answers that a test spoils.
class FaultyHubTest : public HubTest {
 protected:
  /// Changes the first `times` answers for the weights.
  void spoil(int times, std::function<void(ServerAnswer&)> how) {
    server.change_answers([times, how](const ServerRequest& request, ServerAnswer& answer) mutable {
      if (is_weights(request) && times-- > 0) how(answer);
    });
  }
  /// Changes every answer to a question that has `part` in its path.
  void spoil_all(const std::string& part, std::function<void(ServerAnswer&)> how) {
    server.change_answers([part, how](const ServerRequest& request, ServerAnswer& answer) {
      if (request.path.find(part) != std::string::npos) how(answer);
    });
  }
  /// What the requests for the weights asked for.
  std::vector<std::string> ranges() const {
    std::vector<std::string> result;
    for (const ServerRequest& request : server.requests()) {
      if (is_weights(request)) result.push_back(request.header("range"));
    }
    return result;
  }
  static fs::path resolve(const HubOptions& options = {}) {
    return resolve_model("org/m", options);
  }
};

}  // namespace sentence_transformers::test
