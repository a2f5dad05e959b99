// A repository's snapshot: found in a cache, or brought there.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "hub/cache.h"
#include "hub/settings.h"

namespace sentence_transformers {

/// Does a folder hold a model?
bool holds_model(const std::filesystem::path& folder);

/// The snapshot that a cache has of a revision; of no revision main's, else the newest. Throws
/// LoadError, begun by `function`, where the kept list of files shows that some are missing.
std::optional<std::filesystem::path> cached_snapshot(const RepositoryCache& cache,
                                                     const std::optional<std::string>& revision,
                                                     const std::string& function);

/// What came of asking the Hub: the folder with all files, or why it is not known which commit to
/// get.
struct HubAnswer {
  std::filesystem::path folder;  ///< empty where there is a problem
  std::string problem;
};

/// Asks which commit the revision is and brings what is missing of it into the first cache. A
/// commit that a cache has whole is not asked for. `tries` is for the first question alone. Throws
/// LoadError for a revision that does not exist and for files that cannot be had or are not what
/// their hash says, Error for a disk that refuses.
HubAnswer hub_snapshot(const std::string& repository, const std::optional<std::string>& revision,
                       const HubSettings& settings, bool show_progress_bar, int tries,
                       const std::string& function);

}  // namespace sentence_transformers
