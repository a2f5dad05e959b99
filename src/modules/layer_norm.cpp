#include "modules/layer_norm.h"

#include "core/checkpoint.h"
#include "core/config.h"
#include "modules/module_config.h"

namespace sentence_transformers {

LayerNormModule::LayerNormModule(const std::filesystem::path& folder, const FeatureSizes& sizes) {
  const Config config = Config::read(folder / "config.json");
  dimension_ = sizes.sentence_embedding;
  check_input_size(config, "dimension", dimension_, "LayerNorm");
  norm_ = register_module("norm", std::make_shared<Norm>(open_weights(folder, "LayerNorm") / "norm",
                                                         dimension_, NormConfig{.eps = 1e-5}));
}

void LayerNormModule::forward(Features& features) const {
  features.sentence_embedding = norm_->forward(features.sentence_embedding);
}

void LayerNormModule::write(const std::filesystem::path& folder) const {
  write_json(folder / "config.json", {{"dimension", dimension_}});
  save_parameters(folder);
}

}  // namespace sentence_transformers
