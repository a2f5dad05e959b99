#include "modules/dropout.h"

#include "core/config.h"

namespace sentence_transformers {

DropoutModule::DropoutModule(const std::filesystem::path& folder) {
  const Config config = Config::read(folder / "config.json");
  dropout_ =
      register_module("dropout", std::make_shared<Dropout>(config.get_below("dropout", 0.2, 0, 1)));
}

void DropoutModule::forward(Features& features) const {
  features.sentence_embedding = dropout_->forward(features.sentence_embedding);
}

void DropoutModule::write(const std::filesystem::path& folder) const {
  write_json(folder / "config.json", {{"dropout", dropout_->probability}});
}

}  // namespace sentence_transformers
