#include "hub/resolve.h"

#include <sentence_transformers/error.h>

#include <cstdlib>
#include <vector>

#include "core/files.h"

namespace sentence_transformers {
namespace {

namespace fs = std::filesystem;

std::optional<fs::path> environment(const char* name) {
  const char* value = std::getenv(name);
  return value && *value ? std::optional<fs::path>(value) : std::nullopt;
}

bool holds_model(const fs::path& folder) {
  std::error_code error;
  return fs::exists(folder / "modules.json", error) || fs::exists(folder / "config.json", error);
}

/// Why the system could not look into a folder, as " (Permission denied)"; "" where it could or
/// there is none.
std::string obstacle(const fs::path& folder) {
  std::error_code error;
  (void)fs::status(folder / "config.json", error);
  const bool is_none = !error || error == std::errc::no_such_file_or_directory ||
                       error == std::errc::not_a_directory;
  return is_none ? "" : " (" + error.message() + ")";
}

/// The caches in the order they are asked: each holds folders named "models--org--name".
std::vector<fs::path> caches(const std::optional<std::string>& cache_folder) {
  std::vector<fs::path> found;
  if (cache_folder) found.emplace_back(*cache_folder);
  if (auto home = environment("SENTENCE_TRANSFORMERS_HOME")) found.push_back(*home);
  if (auto cache = environment("HF_HUB_CACHE")) found.push_back(*cache);
  if (auto home = environment("HF_HOME")) {
    found.push_back(*home / "hub");
  } else if (auto cache = environment("XDG_CACHE_HOME")) {
    found.push_back(*cache / "huggingface" / "hub");
  } else if (auto user = environment("HOME")) {
    found.push_back(*user / ".cache" / "huggingface" / "hub");
  }
  return found;
}

/// The snapshot of a "models--org--name" folder: the one that refs/main names, else the newest.
std::optional<fs::path> snapshot(const fs::path& repository) {
  std::error_code error;
  const fs::path reference = repository / "refs" / "main";
  if (fs::is_regular_file(reference, error)) {
    constexpr size_t kLongestCommit = 4096;  // a hash has 40 characters
    std::string commit = read_file(reference, kLongestCommit);
    commit.erase(commit.find_last_not_of(" \r\n") + 1);
    const fs::path folder = repository / "snapshots" / commit;
    if (fs::path(commit).filename() == commit && holds_model(folder)) return folder;
  }
  std::optional<fs::path> newest;
  for (const fs::path& folder : folder_entries(repository / "snapshots", error)) {
    if (!holds_model(folder)) continue;
    if (!newest || fs::last_write_time(folder, error) > fs::last_write_time(*newest, error)) {
      newest = folder;
    }
  }
  return newest;
}

}  // namespace

fs::path resolve_model(const std::string& name, const std::optional<std::string>& cache_folder,
                       const std::string& organization, const std::string& function) {
  const std::string title = "[" + function + "] ";
  if (name.empty()) throw LoadError(title + "expected a model's name or folder, found \"\"");
  std::error_code error;
  if (fs::is_directory(name, error)) {
    if (holds_model(name)) return name;
    throw LoadError(title + name + ": expected modules.json or config.json in this folder" +
                    obstacle(name));
  }
  if (fs::exists(name, error)) {
    throw LoadError(title + name + ": expected a model's folder, found a file");
  }

  std::vector<fs::path> looked = {name};
  const auto try_folder = [&](const fs::path& folder) {
    looked.push_back(folder);
    return holds_model(folder);
  };
  const auto slashes = std::count(name.begin(), name.end(), '/');
  const bool is_hub_name = slashes <= 1 && name.front() != '/' && name.front() != '.' &&
                           name.find('\\') == name.npos && name.back() != '/' &&
                           !name.ends_with("/..") && !name.ends_with("/.");
  if (is_hub_name) {
    std::vector<std::string> names = {name};
    if (slashes == 0) names.insert(names.begin(), organization + "/" + name);
    const std::string last = name.substr(name.rfind('/') + 1);
    for (const fs::path& folder : {fs::path("models") / name, fs::path("models") / last}) {
      if (folder != looked.back() && try_folder(folder)) return folder;
    }
    for (const fs::path& cache : caches(cache_folder)) {
      for (const std::string& full : names) {
        std::string flat = full;  // "org/name" -> "org--name", as the Hub's cache writes it
        if (const size_t slash = flat.find('/'); slash != flat.npos) flat.replace(slash, 1, "--");
        const fs::path repository = cache / ("models--" + flat);
        looked.push_back(repository);
        if (auto folder = snapshot(repository)) return *folder;
      }
      for (const std::string& full : names) {
        if (try_folder(cache / full)) return cache / full;
        std::string old = full;  // sentence-transformers 2 wrote "org_name"
        std::replace(old.begin(), old.end(), '/', '_');
        if (old != full && try_folder(cache / old)) return cache / old;
      }
    }
  }
  std::string places;
  for (const fs::path& place : looked) places += "\n  " + place.string() + obstacle(place);
  throw LoadError(title + "no model \"" + name + "\"; looked at:" + places);
}

}  // namespace sentence_transformers
