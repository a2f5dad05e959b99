#include "hub/snapshot.h"

#include <sentence_transformers/error.h>

#include <vector>

#include "hub/client.h"
#include "hub/download.h"
#include "hub/hash.h"
#include "hub/needed_files.h"
#include "hub/tree.h"

namespace sentence_transformers {
namespace {

namespace fs = std::filesystem;

/// What a commit's snapshot still lacks, as far as its files tell.
Tree missing_files(const RepositoryCache& cache, const std::string& commit, const Tree& tree) {
  Tree missing = needed_files(tree, cache.snapshot(commit));
  std::erase_if(missing,
                [&](const auto& item) { return cache.has(commit, item.first, item.second.size); });
  return missing;
}

std::vector<RepositoryCache> caches_of(const std::string& repository, const HubSettings& settings) {
  std::vector<RepositoryCache> caches;
  for (const fs::path& cache : settings.caches) {
    caches.emplace_back(cache, repository, settings.symlinks);
  }
  return caches;
}

/// A commit's snapshot that a cache has whole.
std::optional<fs::path> whole_snapshot(const std::vector<RepositoryCache>& caches,
                                       const std::string& commit, const Tree& tree) {
  for (const RepositoryCache& cache : caches) {
    const fs::path folder = cache.snapshot(commit);
    if (holds_model(folder) && missing_files(cache, commit, tree).empty()) return folder;
  }
  return std::nullopt;
}

std::optional<Tree> kept_tree(const std::vector<RepositoryCache>& caches,
                              const std::string& commit) {
  for (const RepositoryCache& cache : caches) {
    if (auto tree = read_tree(cache.tree(commit))) return tree;
  }
  return std::nullopt;
}

/// Notes that only save a question later: a cache that cannot be written to may lack them.
template <class Note>
void note_if_possible(const Note& note) {
  try {
    note();
  } catch (const Error&) {
    // Reading goes on without.
  }
}

}  // namespace

bool holds_model(const fs::path& folder) {
  std::error_code error;
  return fs::exists(folder / "modules.json", error) || fs::exists(folder / "config.json", error);
}

std::optional<fs::path> cached_snapshot(const RepositoryCache& cache,
                                        const std::optional<std::string>& revision,
                                        const std::string& function) {
  std::error_code error;
  if (const auto commit = cache.commit(revision.value_or("main"))) {
    const fs::path folder = cache.snapshot(*commit);
    if (const auto tree = read_tree(cache.tree(*commit))) {
      const Tree missing = missing_files(cache, *commit, *tree);
      if (!missing.empty() && fs::is_directory(folder, error)) {
        throw LoadError("[" + function + "] " + folder.string() + " is not complete: \"" +
                        missing.begin()->first + "\" is missing" +
                        (missing.size() > 1 ? " and " + std::to_string(missing.size() - 1) + " more"
                                            : std::string()) +
                        "; a load with the Hub in reach brings the rest");
      }
    }
    if (holds_model(folder)) return folder;
  }
  if (revision) return std::nullopt;
  std::optional<fs::path> newest;
  fs::directory_iterator entries(cache.folder() / "snapshots", error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    if (!holds_model(entries->path())) continue;
    std::error_code ignored;
    if (!newest ||
        fs::last_write_time(entries->path(), ignored) > fs::last_write_time(*newest, ignored)) {
      newest = entries->path();
    }
  }
  return newest;
}

HubAnswer hub_snapshot(const std::string& repository, const std::optional<std::string>& revision,
                       const HubSettings& settings, bool show_progress_bar, int tries,
                       const std::string& function) {
  const std::vector<RepositoryCache> caches = caches_of(repository, settings);
  if (caches.empty()) {
    throw Error("[" + function + "] there is no cache to download to: set HOME, HF_HOME or " +
                "LoadOptions::cache_folder");
  }
  const std::string wanted = revision.value_or("main");
  HubClient client(settings, repository, function);
  std::string commit = wanted;
  if (!is_hexadecimal(wanted, 40)) {
    const HubClient::Commit answer = client.commit(revision, tries);
    if (answer.verdict == Verdict::no_such_revision) {
      throw LoadError("[" + function + "] " + answer.problem);
    }
    if (answer.verdict != Verdict::fine) return {{}, answer.problem};
    commit = answer.commit;
  }
  const RepositoryCache& cache = caches.front();
  std::optional<Tree> tree = kept_tree(caches, commit);
  if (!tree) {
    tree = client.tree(commit, wanted);
    if (const auto folder = whole_snapshot(caches, commit, *tree)) {
      note_if_possible([&] {
        make_folders(cache.tree(commit).parent_path());
        write_tree(cache.tree(commit), *tree);
      });
    }
  }
  if (const auto folder = whole_snapshot(caches, commit, *tree)) {
    note_if_possible([&] { cache.set_commit(wanted, commit); });
    return {*folder, ""};
  }

  make_folders(cache.tree(commit).parent_path());
  write_tree(cache.tree(commit), *tree);
  cache.set_commit(wanted, commit);
  const Source source{repository, wanted, commit, function};
  // What modules.json and an index of weights name is known once they are there.
  for (Tree missing = missing_files(cache, commit, *tree); !missing.empty();
       missing = missing_files(cache, commit, *tree)) {
    download_files(source, missing, cache, settings, show_progress_bar);
  }
  for (const std::string& name : absent_files(*tree)) {
    note_if_possible([&] { cache.mark_missing(commit, name); });
  }
  const fs::path folder = cache.snapshot(commit);
  if (!holds_model(folder)) {
    throw LoadError("[" + function + "] " + settings.endpoint + "/" + repository + " (revision \"" +
                    wanted + "\"): expected modules.json or config.json, found " +
                    std::to_string(tree->size()) + " other files");
  }
  return {folder, ""};
}

}  // namespace sentence_transformers
