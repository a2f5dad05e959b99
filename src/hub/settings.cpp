#include "hub/settings.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <stdexcept>

#include "core/files.h"

namespace sentence_transformers {
namespace {

namespace fs = std::filesystem;

/// The only place that names the Hub.
constexpr const char* kHub = "https://huggingface.co";

std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);
  return value && *value ? std::optional<std::string>(value) : std::nullopt;
}

bool is_true(const char* name) {
  std::string value = variable(name).value_or("");
  std::transform(value.begin(), value.end(), value.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return value == "1" || value == "ON" || value == "YES" || value == "TRUE";
}

/// A path with a leading ~ and $NAME or ${NAME} put in; unknown names stay.
fs::path expand(const std::string& text) {
  std::string result;
  size_t i = 0;
  if (text.starts_with('~') && (text.size() == 1 || text[1] == '/')) {
    if (const auto home = variable("HOME")) {
      result = *home;
      i = 1;
    }
  }
  while (i < text.size()) {
    if (text[i] == '$') {
      const bool braces = i + 1 < text.size() && text[i + 1] == '{';
      const size_t begin = i + 1 + braces;
      size_t end = begin;
      while (end < text.size() &&
             (std::isalnum(static_cast<unsigned char>(text[end])) || text[end] == '_')) {
        ++end;
      }
      const auto value = variable(text.substr(begin, end - begin).c_str());
      if (value && (!braces || (end < text.size() && text[end] == '}'))) {
        result += *value;
        i = end + braces;
        continue;
      }
    }
    result += text[i++];
  }
  return result;
}

std::optional<fs::path> folder(const char* name) {
  const auto value = variable(name);
  return value ? std::optional(expand(*value)) : std::nullopt;
}

/// Hugging Face's own folder, for the cache and the token.
std::optional<fs::path> hugging_face_home() {
  if (auto home = folder("HF_HOME")) return home;
  if (auto cache = folder("XDG_CACHE_HOME")) return *cache / "huggingface";
  if (auto home = folder("HOME")) return *home / ".cache" / "huggingface";
  return std::nullopt;
}

std::vector<fs::path> find_caches(const HubOptions& options) {
  std::vector<fs::path> found;
  const auto add = [&](const std::optional<fs::path>& cache) {
    if (cache && std::find(found.begin(), found.end(), *cache) == found.end()) {
      found.push_back(*cache);
    }
  };
  if (options.cache_folder) add(expand(*options.cache_folder));
  add(folder("SENTENCE_TRANSFORMERS_HOME"));
  add(folder("HF_HUB_CACHE"));
  add(folder("HUGGINGFACE_HUB_CACHE"));
  if (const auto home = hugging_face_home()) add(*home / "hub");
  return found;
}

/// Without line ends and outer blanks, as files and shells add them.
std::string clean(std::string token) {
  std::erase_if(token, [](char c) { return c == '\r' || c == '\n'; });
  const size_t begin = token.find_first_not_of(" \t");
  if (begin == token.npos) return "";
  return token.substr(begin, token.find_last_not_of(" \t") - begin + 1);
}

std::string find_token() {
  if (is_true("HF_HUB_DISABLE_IMPLICIT_TOKEN")) return "";
  for (const char* name : {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"}) {
    if (const std::string token = clean(variable(name).value_or("")); !token.empty()) return token;
  }
  auto file = folder("HF_TOKEN_PATH");
  if (!file) {
    const auto home = hugging_face_home();
    if (!home) return "";
    file = *home / "token";
  }
  std::error_code error;
  return fs::is_regular_file(*file, error) ? clean(read_file(*file)) : "";
}

int seconds(const char* name, int usual) {
  const std::string text = variable(name).value_or("");
  const int value = std::atoi(text.c_str());
  return value > 0 ? value : usual;
}

}  // namespace

HubSettings read_hub_settings(const HubOptions& options, const std::string& function) {
  HubSettings settings;
  settings.endpoint = variable("HF_ENDPOINT").value_or(kHub);
  while (settings.endpoint.ends_with('/')) settings.endpoint.pop_back();
  settings.caches = find_caches(options);
  settings.offline =
      options.local_files_only ||
      is_true(variable("HF_HUB_OFFLINE") ? "HF_HUB_OFFLINE" : "TRANSFORMERS_OFFLINE");
  settings.symlinks = !is_true("HF_HUB_DISABLE_SYMLINKS");
  settings.etag_timeout = seconds("HF_HUB_ETAG_TIMEOUT", settings.etag_timeout);
  settings.download_timeout = seconds("HF_HUB_DOWNLOAD_TIMEOUT", settings.download_timeout);
  settings.token = options.token ? clean(*options.token) : find_token();
  for (const char c : settings.token) {
    if (static_cast<unsigned char>(c) <= ' ' || static_cast<unsigned char>(c) > '~') {
      throw std::invalid_argument(
          "[" + function + "] the Hub's token has a character that no header can hold; expected " +
          "visible ASCII, as HF_TOKEN or LoadOptions::token");
    }
  }
  return settings;
}

}  // namespace sentence_transformers
