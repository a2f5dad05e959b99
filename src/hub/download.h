// The files of a commit into the cache: several at a time, resumed, checked, and each as a whole.
#pragma once

#include <map>
#include <string>

#include "hub/cache.h"
#include "hub/settings.h"
#include "hub/tree.h"

namespace sentence_transformers {

/// Whose files, for addresses and messages.
struct Source {
  std::string repository, revision, commit;
  std::string function;  // that errors begin with
};

/// Puts `files` into the commit's snapshot. Throws LoadError for what the Hub answers and for files
/// that are not what their hash says, Error for a disk that is full or refuses; what was
/// transferred stays, so that the next call goes on there.
void download_files(const Source& source, const Tree& files, const RepositoryCache& cache,
                    const HubSettings& settings, bool show_progress_bar);

}  // namespace sentence_transformers
