#include "modules/module.h"

#include "core/safetensors.h"

namespace sentence_transformers {

std::vector<int64_t> Features::rows_of_texts() const {
  if (token_counts) return *token_counts;
  std::vector<int64_t> counts;
  for (const LengthGroup& g : batch.groups) {
    counts.insert(counts.end(), static_cast<size_t>(g.count), g.length);
  }
  return counts;
}

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
