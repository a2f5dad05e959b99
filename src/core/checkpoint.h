// A folder's weights, in whatever files they are.
#pragma once

#include <filesystem>
#include <string>

#include "core/weights.h"

namespace sentence_transformers {

/// model.safetensors, else the parts that its index.json lists, else pytorch_model.bin, else its
/// parts: the order in which Python looks. Throws LoadError, begun by `function`, where there are
/// none or an index names files elsewhere.
Weights open_weights(const std::filesystem::path& folder, const std::string& function);

}  // namespace sentence_transformers
