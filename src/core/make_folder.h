// A folder to save into.
#pragma once

#include <filesystem>

namespace sentence_transformers {

/// Makes a folder and those above it. Throws Error naming it and the system's reason.
void make_folder(const std::filesystem::path& folder);

}  // namespace sentence_transformers
