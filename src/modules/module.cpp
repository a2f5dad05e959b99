#include "modules/module.h"

#include "core/safetensors.h"

namespace sentence_transformers {

void Module::add_steps(const std::string& /*task*/, const std::string& /*function*/,
                       std::vector<const Module*>& steps) const {
  steps.push_back(this);
}

std::vector<std::pair<std::string, at::Tensor>> Module::checkpoint_parameters() const {
  std::vector<std::pair<std::string, at::Tensor>> parameters;
  for (const auto& p : named_parameters()) parameters.emplace_back(p.key(), p.value());
  return parameters;
}

void Module::save_parameters(const std::filesystem::path& folder) const {
  auto parameters = checkpoint_parameters();
  for (auto& parameter : parameters) parameter.second = parameter.second.detach().to(dtype_);
  write_safetensors(folder / "model.safetensors", parameters, {{"format", "pt"}});
}

}  // namespace sentence_transformers
