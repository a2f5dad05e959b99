// Which attention each layer has, and by which rotary positions, as config.json says it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/config.h"
#include "nn/rotary.h"

namespace sentence_transformers {

inline constexpr const char* kFullAttention = "full_attention";
inline constexpr const char* kSlidingAttention = "sliding_attention";

/// config.json's `layer_types`, or else is_full(i) for each layer. Throws LoadError for another
/// number of them, UnsupportedError for another type.
std::vector<std::string> read_layer_types(const Config& config, int64_t layers,
                                          const std::function<bool(int64_t)>& is_full);

/// The rotary positions of a layer type: `rope_parameters` (alone or a set for each type), or the
/// older `theta_key` with `rope_scaling`, or else `default_theta`. `scales` says whether an older
/// rope_scaling applies to this type.
std::shared_ptr<const Rotary> read_rotary(const Config& config, int64_t head_size,
                                          const std::string& layer_type,
                                          const std::string& theta_key, double default_theta,
                                          bool scales = true);

}  // namespace sentence_transformers
