// What pickles may name, and what comes of calling it: tensors are described, nothing is run.
#pragma once

#include <deque>
#include <string>
#include <string_view>

#include "core/unpickle.h"

namespace sentence_transformers {

/// "module name" of a class or function that checkpoints need.
bool is_known_global(std::string_view global);

/// Makes `result` what the global `function` gives for a tuple of arguments; tensors go into
/// `tensors`. The text says what is wrong, or is empty.
std::string build_object(const PickledValue& function, const PickledValue& arguments,
                         PickledValue& result, std::deque<PickledTensor>& tensors);

/// Makes `result` the storage that a persistent id names, as build_object.
std::string build_storage(const PickledValue& id, PickledValue& result);

}  // namespace sentence_transformers
