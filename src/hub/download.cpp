#include "hub/download.h"

#include <sentence_transformers/error.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "hub/client.h"
#include "hub/download_progress.h"
#include "hub/http.h"
#include "hub/names.h"
#include "hub/partial_file.h"

namespace sentence_transformers {
namespace {

namespace fs = std::filesystem;
using Item = Tree::value_type;

constexpr size_t kMostThreads = 8;

/// What all threads of a download share.
struct Job {
  const Source& source;
  const RepositoryCache& cache;
  const HubSettings& settings;
  DownloadProgress progress;
  std::vector<const Item*> items = {};  // large ones first
  std::atomic<size_t> next = 0;
  std::atomic<bool> stop = false;
  std::mutex mutex = {};
  std::exception_ptr problem = nullptr;  // the first one

  std::string url(const std::string& path) const {
    return settings.endpoint + "/" + url_quoted(source.repository, true) + "/resolve/" +
           source.commit + "/" + url_quoted(path, true);
  }
};

/// Does a 206 go on exactly where we are? `bytes 100-199/200`
bool continues_at(const HttpAnswer& answer, uint64_t first) {
  return answer.header("content-range").starts_with("bytes " + std::to_string(first) + "-");
}

/// Sleeps, but not once the others gave up.
void wait(double seconds, const std::atomic<bool>& stop) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (!stop && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

class Transfer {
 public:
  Transfer(Job& job, HttpClient& http, const Item& item)
      : job_(job),
        http_(http),
        item_(item),
        url_(job.url(item.first)),
        file_(job.cache.blob(item.second.etag()), item.second) {
    job_.progress.add(item_.first, static_cast<int64_t>(file_.size()), true);
  }

  /// Bytes that were wrong are fetched once more: a part of an earlier transfer may be the culprit.
  void run() {
    std::string problem;
    for (int round = 0; round < 2; ++round) {
      fetch();
      problem = file_.finish();
      if (problem.empty()) return;
      job_.progress.add(item_.first, -static_cast<int64_t>(file_.expected_size()));
    }
    throw LoadError(start() + url_ + ": " + problem);
  }

 private:
  std::string start() const { return "[" + job_.source.function + "] "; }

  void restart() {
    job_.progress.add(item_.first, -static_cast<int64_t>(file_.size()));
    file_.restart();
  }

  /// No exception may pass through libcurl.
  bool take(const HttpAnswer& answer, std::string_view piece) {
    try {
      return put(answer, piece);
    } catch (...) {
      disk_problem_ = std::current_exception();
      return false;
    }
  }

  bool put(const HttpAnswer& answer, std::string_view piece) {
    if (first_piece_) {
      first_piece_ = false;
      if (file_.size() > 0 && (answer.status == 200 || !continues_at(answer, file_.size()))) {
        restart();
        if (answer.status == 206) return false;  // the wrong part: ask for the whole
      }
    }
    if (file_.size() + piece.size() > file_.expected_size()) {
      too_long_ = true;
      return false;
    }
    file_.write(piece);
    job_.progress.add(item_.first, static_cast<int64_t>(piece.size()));
    return true;
  }

  /// Until all bytes are there. Tries count anew whenever something came.
  void fetch() {
    for (int tries = 1; file_.size() < file_.expected_size(); ++tries) {
      const uint64_t before = file_.size();
      first_piece_ = true;
      const HttpAnswer answer = http_.get(
          {.url = url_,
           .token = job_.settings.token,
           .first_byte = before,
           .timeout = job_.settings.download_timeout},
          [this](const HttpAnswer& so_far, std::string_view piece) { return take(so_far, piece); });
      if (disk_problem_) std::rethrow_exception(disk_problem_);
      if (job_.stop) throw Error(start() + "stopped");
      if (too_long_) {
        throw LoadError(start() + url_ + ": expected " + std::to_string(file_.expected_size()) +
                        " bytes, found more");
      }
      if (file_.size() == file_.expected_size()) return;
      if (answer.status == 416) restart();
      Verdict verdict = judge(answer);
      // A whole answer that is too short is as good as a cut one; so is a part we did not ask for.
      if (verdict == Verdict::fine || answer.failure == HttpAnswer::Failure::stopped ||
          answer.status == 416) {
        verdict = Verdict::try_again;
      }
      if (file_.size() > before) tries = 1;
      const double seconds = wait_before(tries + 1, answer, job_.settings);
      if (verdict != Verdict::try_again || tries >= kMostTries || seconds < 0) {
        throw LoadError(start() + problem(answer, tries));
      }
      wait(seconds, job_.stop);
    }
  }

  std::string problem(const HttpAnswer& answer, int tries) const {
    if (judge(answer) == Verdict::fine) {
      return url_ + ": expected " + std::to_string(file_.expected_size()) + " bytes, found " +
             std::to_string(file_.size()) + ", after " + std::to_string(tries) + " tries";
    }
    return explain(answer, url_, tries, job_.source.repository, job_.source.revision,
                   job_.settings);
  }

  Job& job_;
  HttpClient& http_;
  const Item& item_;
  const std::string url_;
  PartialFile file_;
  bool first_piece_ = true, too_long_ = false;
  std::exception_ptr disk_problem_ = nullptr;
};

bool holds(const fs::path& blob, uint64_t size) {
  std::error_code error;
  return fs::is_regular_file(blob, error) && fs::file_size(blob, error) == size && !error;
}

void get(Job& job, HttpClient& http, const Item& item) {
  const auto& [path, file] = item;
  const FileLock lock(job.cache.lock(file.etag()), job.stop);
  const std::string& commit = job.source.commit;
  if (job.cache.has(commit, path, file.size)) {  // somebody else was faster
    job.progress.add(path, static_cast<int64_t>(file.size), true);
  } else if (holds(job.cache.blob(file.etag()), file.size)) {
    job.progress.add(path, static_cast<int64_t>(file.size), true);
    job.cache.link(commit, path, file.etag(), false);
  } else {
    Transfer(job, http, item).run();
    job.cache.link(commit, path, file.etag(), true);
  }
  job.progress.finish(path);
}

void work(Job& job) {
  try {
    HttpClient http(&job.stop);
    for (size_t i = job.next++; i < job.items.size() && !job.stop; i = job.next++) {
      get(job, http, *job.items[i]);
    }
  } catch (...) {
    const std::lock_guard lock(job.mutex);
    if (!job.problem) job.problem = std::current_exception();
    job.stop = true;
  }
}

/// What is still to come must fit on the disk.
void check_space(const Tree& files, const RepositoryCache& cache, const std::string& function) {
  uint64_t needed = 0;
  for (const auto& [path, file] : files) {
    if (holds(cache.blob(file.etag()), file.size)) continue;
    needed = needed > UINT64_MAX - file.size ? UINT64_MAX : needed + file.size;
  }
  std::error_code error;
  const fs::space_info space = fs::space(cache.folder(), error);
  if (!error && space.available < needed) {
    throw Error("[" + function + "] " + cache.folder().string() +
                ": the disk is full: " + std::to_string(needed) + " bytes are to be downloaded, " +
                std::to_string(space.available) + " are free");
  }
}

}  // namespace

void download_files(const Source& source, const Tree& files, const RepositoryCache& cache,
                    const HubSettings& settings, bool show_progress_bar) {
  cache.prepare();
  check_space(files, cache, source.function);
  Job job{source, cache, settings, DownloadProgress(files, show_progress_bar)};
  for (const Item& item : files) job.items.push_back(&item);
  std::stable_sort(job.items.begin(), job.items.end(),
                   [](const Item* a, const Item* b) { return a->second.size > b->second.size; });
  {
    std::vector<std::jthread> threads;
    for (size_t i = 0; i < std::min(kMostThreads, job.items.size()); ++i) {
      threads.emplace_back(work, std::ref(job));
    }
  }
  if (job.problem) std::rethrow_exception(job.problem);
}

}  // namespace sentence_transformers
