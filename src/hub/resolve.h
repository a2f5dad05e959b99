// A model's name to its folder.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "hub/settings.h"

namespace sentence_transformers {

/// What a model's options say of downloads.
template <class Options>
HubOptions hub_options(const Options& options) {
  return {.cache_folder = options.cache_folder,
          .revision = options.revision,
          .token = options.token,
          .local_files_only = options.local_files_only,
          .show_progress_bar = options.show_progress_bar};
}

/// `name` itself if it is a folder; else the first folder that holds a model in models/ or plainly
/// in a cache; else what the Hub has under that name, brought into the first cache; else what a
/// cache has of it. Caches are options.cache_folder, $SENTENCE_TRANSFORMERS_HOME and the Hugging
/// Face cache (see read_hub_settings). A name without "/" stands for organization/name. Throws
/// LoadError, begun by `function`, that says what the Hub answered and lists every place that was
/// looked at; Error for a disk that refuses.
std::filesystem::path resolve_model(const std::string& name, const HubOptions& options,
                                    const std::string& organization = "sentence-transformers",
                                    const std::string& function = "SentenceTransformer");

/// Of the options only the cache's folder.
inline std::filesystem::path resolve_model(
    const std::string& name, const std::optional<std::string>& cache_folder,
    const std::string& organization = "sentence-transformers",
    const std::string& function = "SentenceTransformer") {
  return resolve_model(name, HubOptions{.cache_folder = cache_folder}, organization, function);
}

}  // namespace sentence_transformers
