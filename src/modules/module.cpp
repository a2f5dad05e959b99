#include "modules/module.h"

#include "core/safetensors.h"

namespace sentence_transformers {

void Module::save_parameters(const std::filesystem::path& folder) const {
  std::vector<std::pair<std::string, at::Tensor>> parameters;
  for (const auto& p : named_parameters()) {
    parameters.emplace_back(p.key(), p.value().detach().to(dtype_));
  }
  write_safetensors(folder / "model.safetensors", parameters, {{"format", "pt"}});
}

}  // namespace sentence_transformers
