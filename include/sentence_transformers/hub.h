// A model's name to a folder with its files, from the Hub if need be.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#pragma GCC visibility push(default)
namespace sentence_transformers {

/// How a model's name is turned into files; LoadOptions has the same members.
struct HubOptions {
  /// Where downloads go, and where is looked first; else $SENTENCE_TRANSFORMERS_HOME, else the
  /// Hugging Face cache.
  std::optional<std::string> cache_folder = std::nullopt;
  /// A branch, a tag or a commit of 40 digits; nothing is the main branch.
  std::optional<std::string> revision = std::nullopt;
  /// For private and gated models. Nothing: $HF_TOKEN or the file that `hf auth login` writes; "":
  /// none is sent.
  std::optional<std::string> token = std::nullopt;
  /// Asks nobody, as $HF_HUB_OFFLINE does for all.
  bool local_files_only = false;
  /// Shows downloads on stderr.
  bool show_progress_bar = false;
};

/// The folder that `name` stands for: itself if it is one; else what lies in `models/` or plainly
/// in a cache; else the snapshot of that name in the Hugging Face cache, brought up to date from
/// the Hub (files that a model needs, none for other frameworks). A name without "/" is one of
/// `organization`. Throws LoadError for what cannot be found or had, with every place that was
/// looked at and what the Hub answered; Error for a disk that is full or refuses;
/// std::invalid_argument for a revision or token that cannot be one.
std::filesystem::path download_model(const std::string& name, const HubOptions& options = {},
                                     const std::string& organization = "sentence-transformers");

}  // namespace sentence_transformers
#pragma GCC visibility pop
