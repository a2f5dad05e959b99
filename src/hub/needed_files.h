// Which of a repository's files a model is made of: modules.json decides, safetensors come before
// .bin, other frameworks' weights are left out.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "hub/tree.h"

namespace sentence_transformers {

/// The files to load a model, as far as those of them that lie in `snapshot` already tell: without
/// modules.json, or the index of weights in parts, what these name is not known yet. Malformed ones
/// are the loader's to complain about.
Tree needed_files(const Tree& tree, const std::filesystem::path& snapshot);

/// Names that loading looks for and the repository does not have.
std::vector<std::string> absent_files(const Tree& tree);

}  // namespace sentence_transformers
