// A folder's weights, in whatever files they are.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/weights.h"

namespace sentence_transformers {

using CheckpointFiles = std::vector<std::shared_ptr<const CheckpointFile>>;

/// model.safetensors, else the parts that its index.json lists, else pytorch_model.bin, else its
/// parts: the order in which Python looks. Throws LoadError, begun by `function`, where there are
/// none or an index names files elsewhere.
CheckpointFiles open_checkpoint(const std::filesystem::path& folder, const std::string& function);

/// The same as a cursor.
Weights open_weights(const std::filesystem::path& folder, const std::string& function);

/// A tensor of any type and shape, undefined if there is none of that name.
at::Tensor find_tensor(const CheckpointFiles& files, const std::string& name);

/// The shape of a table, a matrix of at least one row and column, that must be there. Throws
/// LoadError, begun by `function`, for anything else.
std::vector<int64_t> table_shape(const CheckpointFiles& files, const std::string& name,
                                 const std::string& function);

}  // namespace sentence_transformers
