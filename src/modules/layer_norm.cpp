#include "modules/layer_norm.h"

#include <sentence_transformers/error.h>

#include "core/checkpoint.h"
#include "core/config.h"

namespace sentence_transformers {

LayerNormModule::LayerNormModule(const std::filesystem::path& folder, int64_t input_size) {
  const Config config = Config::read(folder / "config.json");
  dimension_ = config.require_at_least("dimension", 1);
  if (dimension_ != input_size) {
    throw LoadError("[LayerNorm] " + config.name("dimension") + ": expected " +
                    std::to_string(input_size) + ", as the module before it gives, found " +
                    std::to_string(dimension_));
  }
  norm_ = register_module("norm", std::make_shared<Norm>(open_weights(folder, "LayerNorm") / "norm",
                                                         dimension_, NormConfig{.eps = 1e-5}));
}

void LayerNormModule::forward(Features& features) const {
  features.sentence_embedding = norm_->forward(features.sentence_embedding);
}

void LayerNormModule::save(const std::filesystem::path& folder) const {
  write_json(folder / "config.json", {{"dimension", dimension_}});
  save_parameters(folder);
}

}  // namespace sentence_transformers
