// A Router's rules of which route texts of a task take.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "core/config.h"

namespace sentence_transformers {

/// (task, modality) -> route; nothing stands for any. A modality that is a tuple of several is
/// their names in alphabetical order: "(image+text)".
using RouteKey = std::pair<std::optional<std::string>, std::optional<std::string>>;
using RouteMappings = std::map<RouteKey, std::string>;

/// "route_mappings" of a Router's parameters, whose keys are Python's tuples: "('query', None)",
/// "(None, ('image', 'text'))". Throws LoadError for a key of another form.
RouteMappings read_route_mappings(const Config& parameters);

}  // namespace sentence_transformers
