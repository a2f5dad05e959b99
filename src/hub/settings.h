// What the environment says about the Hub: its address, the caches, the token, time limits.
#pragma once

#include <sentence_transformers/hub.h>

#include <filesystem>
#include <string>
#include <vector>

namespace sentence_transformers {

/// Read anew for each load, as huggingface_hub reads it once.
struct HubSettings {
  std::string endpoint;  ///< without a slash at the end
  /// Where models are looked for, the first being where downloads go.
  std::vector<std::filesystem::path> caches;
  std::string token;  ///< "" sends none
  bool offline = false;
  bool symlinks = true;
  int etag_timeout = 10;      ///< seconds without a byte, for questions
  int download_timeout = 10;  ///< the same, for files
  double first_wait = 1;      ///< seconds before the second try; doubles
};

/// From HF_ENDPOINT, HF_HOME, HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, SENTENCE_TRANSFORMERS_HOME,
/// XDG_CACHE_HOME, HF_TOKEN, HUGGING_FACE_HUB_TOKEN, HF_TOKEN_PATH, HF_HUB_DISABLE_IMPLICIT_TOKEN,
/// HF_HUB_OFFLINE, TRANSFORMERS_OFFLINE, HF_HUB_DISABLE_SYMLINKS, HF_HUB_ETAG_TIMEOUT and
/// HF_HUB_DOWNLOAD_TIMEOUT; empty ones count as absent. Throws std::invalid_argument for a token
/// that no header can hold.
HubSettings read_hub_settings(const HubOptions& options, const std::string& function);

}  // namespace sentence_transformers
