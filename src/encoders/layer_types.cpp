#include "encoders/layer_types.h"

#include <sentence_transformers/error.h>

namespace sentence_transformers {

std::vector<std::string> read_layer_types(const Config& config, int64_t layers,
                                          const std::function<bool(int64_t)>& is_full) {
  std::vector<std::string> types;
  if (!config.has("layer_types")) {
    for (int64_t i = 0; i < layers; ++i) {
      types.emplace_back(is_full(i) ? kFullAttention : kSlidingAttention);
    }
    return types;
  }
  const nlohmann::json& list = config.json()["layer_types"];
  if (!list.is_array() || static_cast<int64_t>(list.size()) != layers) {
    throw LoadError("[make_encoder] " + config.name("layer_types") + ": expected a list of " +
                    std::to_string(layers) + " types, one a layer");
  }
  for (const auto& type : list) {
    if (type != kFullAttention && type != kSlidingAttention) {
      throw UnsupportedError("[make_encoder] " + config.name("layer_types") + ": " + shown(type) +
                             "; known: " + kFullAttention + ", " + kSlidingAttention);
    }
    types.push_back(type.get<std::string>());
  }
  return types;
}

std::shared_ptr<const Rotary> read_rotary(const Config& config, int64_t head_size,
                                          const std::string& layer_type,
                                          const std::string& theta_key, double default_theta,
                                          bool scales) {
  if (config.has("rope_parameters")) {
    const Config all = config.at("rope_parameters");
    const bool by_type = all.has(kFullAttention) || all.has(kSlidingAttention);
    if (by_type && !all.has(layer_type)) {
      return Rotary::make(head_size, config.get<double>(theta_key, default_theta), nullptr);
    }
    const Config rope = by_type ? all.at(layer_type) : all;
    const auto theta = config.get<double>(theta_key, default_theta);
    return Rotary::make(head_size, rope.get<double>("rope_theta", theta), &rope);
  }
  const auto theta = config.get<double>(theta_key, default_theta);
  if (!scales || !config.has("rope_scaling")) return Rotary::make(head_size, theta, nullptr);
  const Config scaling = config.at("rope_scaling");
  return Rotary::make(head_size, theta, &scaling);
}

}  // namespace sentence_transformers
