#include "hub/resolve.h"

#include <sentence_transformers/error.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "hub/cache.h"
#include "hub/client.h"
#include "hub/http.h"
#include "hub/names.h"
#include "hub/snapshot.h"

namespace sentence_transformers {
namespace {

namespace fs = std::filesystem;

/// Why the system could not look into a folder, as " (Permission denied)"; "" where it could or
/// there is none.
std::string obstacle(const fs::path& folder) {
  std::error_code error;
  (void)fs::status(folder / "config.json", error);
  const bool is_none = !error || error == std::errc::no_such_file_or_directory ||
                       error == std::errc::not_a_directory;
  return is_none ? "" : " (" + error.message() + ")";
}

/// One search: where it looked is what its error lists.
class Search {
 public:
  Search(std::string name, const HubOptions& options, std::string organization,
         std::string function)
      : name_(std::move(name)),
        options_(options),
        settings_(read_hub_settings(options, function)),
        function_(std::move(function)),
        full_(full_repository_name(name_, organization)),
        looked_{name_} {
    names_ = {full_};
    const std::string owned = organization + "/" + name_;
    if (name_.find('/') == name_.npos) {
      for (const std::string& other : {owned, name_}) {
        if (other != full_) names_.push_back(other);
      }
    }
  }

  fs::path run() {
    const auto slashes = std::count(name_.begin(), name_.end(), '/');
    const bool is_hub_name = slashes <= 1 && name_.front() != '.' && is_safe_path(name_);
    if (is_hub_name) {
      if (const auto folder = plain_folder()) return *folder;
      if (const auto folder = from_hub()) return *folder;
      if (const auto folder = from_caches()) return *folder;
    }
    std::string places;
    for (const fs::path& place : looked_) places += "\n  " + place.string() + obstacle(place);
    throw LoadError("[" + function_ + "] no model \"" + name_ + "\"; looked at:" + places +
                    (problem_.empty() ? "" : "\n" + problem_));
  }

 private:
  bool try_folder(const fs::path& folder) {
    if (std::find(looked_.begin(), looked_.end(), folder) == looked_.end()) {
      looked_.push_back(folder);
    }
    return holds_model(folder);
  }

  std::optional<fs::path> plain_folder() {
    const std::string last = name_.substr(name_.rfind('/') + 1);
    for (const fs::path& folder : {fs::path("models") / name_, fs::path("models") / last}) {
      if (try_folder(folder)) return folder;
    }
    for (const fs::path& cache : settings_.caches) {
      for (const std::string& full : names_) {
        if (try_folder(cache / full)) return cache / full;
        std::string old = full;  // sentence-transformers 2 wrote "org_name"
        std::replace(old.begin(), old.end(), '/', '_');
        if (old != full && try_folder(cache / old)) return cache / old;
      }
    }
    return std::nullopt;
  }

  std::optional<fs::path> from_hub() {
    if (!is_repository_name(full_)) return std::nullopt;
    if (settings_.offline) {
      problem_ = "The Hub was not asked: HF_HUB_OFFLINE or local_files_only is set";
      return std::nullopt;
    }
    if (!has_http()) {
      problem_ =
          "The Hub was not asked: this library was built without libcurl "
          "(SENTENCE_TRANSFORMERS_HUB)";
      return std::nullopt;
    }
    // What a cache has already is worth no waiting for a Hub out of reach.
    const bool is_cached =
        std::any_of(settings_.caches.begin(), settings_.caches.end(), [&](const fs::path& cache) {
          return holds_model(commit_folder(RepositoryCache(cache, full_, true)));
        });
    HubAnswer answer = hub_snapshot(full_, options_.revision, settings_, options_.show_progress_bar,
                                    is_cached ? 1 : kMostTries, function_);
    problem_ = std::move(answer.problem);
    return answer.folder.empty() ? std::nullopt : std::optional(answer.folder);
  }

  fs::path commit_folder(const RepositoryCache& cache) const {
    return cache.snapshot(cache.commit(options_.revision.value_or("main")).value_or("none"));
  }

  std::optional<fs::path> from_caches() {
    for (const fs::path& cache : settings_.caches) {
      for (const std::string& full : names_) {
        const RepositoryCache repository(cache, full, settings_.symlinks);
        looked_.push_back(repository.folder());
        try {
          if (auto folder = cached_snapshot(repository, options_.revision, function_)) {
            return folder;
          }
        } catch (const LoadError& e) {
          throw LoadError(e.what() + (problem_.empty() ? "" : "\n" + problem_));
        }
      }
    }
    return std::nullopt;
  }

  const std::string name_;
  const HubOptions& options_;
  const HubSettings settings_;
  const std::string function_, full_;
  std::vector<std::string> names_;  // of repositories it can mean
  std::vector<fs::path> looked_;
  std::string problem_;  // why the Hub did not help
};

}  // namespace

fs::path resolve_model(const std::string& name, const HubOptions& options,
                       const std::string& organization, const std::string& function) {
  const std::string title = "[" + function + "] ";
  if (name.empty()) throw LoadError(title + "expected a model's name or folder, found \"\"");
  if (options.revision && !is_revision(*options.revision)) {
    throw std::invalid_argument(title + "revision \"" + *options.revision +
                                "\": expected a branch, a tag or a commit");
  }
  std::error_code error;
  if (fs::is_directory(name, error)) {
    if (holds_model(name)) return name;
    throw LoadError(title + name + ": expected modules.json or config.json in this folder" +
                    obstacle(name));
  }
  if (fs::exists(name, error)) {
    throw LoadError(title + name + ": expected a model's folder, found a file");
  }
  return Search(name, options, organization, function).run();
}

fs::path download_model(const std::string& name, const HubOptions& options,
                        const std::string& organization) {
  return resolve_model(name, options, organization, "download_model");
}

}  // namespace sentence_transformers
