// The rules of names on the Hub: of repositories, revisions, and of files inside.
#pragma once

#include <string>

namespace sentence_transformers {

/// NAME or OWNER/NAME of at most 96 letters, digits and "_.-" each, as huggingface_hub has it.
bool is_repository_name(const std::string& name);

/// The repository a name stands for: itself if it has an owner or is one of the models that never
/// had one, else organization/name.
std::string full_repository_name(const std::string& name, const std::string& organization);

/// A branch, tag or commit that can also name a file below refs/.
bool is_revision(const std::string& revision);

/// A path that stays inside its folder on every system: not rooted, no drive, no empty, "." or ".."
/// parts, no backslash or control characters.
bool is_safe_path(const std::string& path);

/// For a URL: everything but letters, digits, "-._~" and, if `keep_slashes`, "/" as %XX.
std::string url_quoted(const std::string& text, bool keep_slashes);

}  // namespace sentence_transformers
