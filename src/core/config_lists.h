// Lists in configuration files.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/config.h"

namespace sentence_transformers {

/// The list of strings under a key. Throws LoadError if it is absent or anything else.
std::vector<std::string> require_strings(const Config& config, const std::string& key);

/// The same of integers of at least `least`.
std::vector<int64_t> require_integers(const Config& config, const std::string& key, int64_t least);

}  // namespace sentence_transformers
