// The tasks whose texts a module works on.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/config.h"

namespace sentence_transformers {

/// The tasks under a key: a list of strings, or one. Throws LoadError for anything else.
std::vector<std::string> read_tasks(const Config& config, const std::string& key);

/// Is it one of these? Texts of no task ("") count as documents.
bool includes_task(const std::vector<std::string>& tasks, std::string_view task);

}  // namespace sentence_transformers
