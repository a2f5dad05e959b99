// A model folder's modules and the settings beside them.
#pragma once

#include <sentence_transformers/similarity.h>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "modules/module.h"
#include "modules/transformer.h"

namespace sentence_transformers {

struct ModelParts {
  std::vector<std::shared_ptr<Module>> modules;  // the first is `transformer`
  std::shared_ptr<Transformer> transformer;
  int64_t embedding_dimension = 0;
  std::map<std::string, std::string> prompts;
  std::optional<std::string> default_prompt_name;
  SimilarityFunction similarity = SimilarityFunction::cosine;
  std::optional<int64_t> truncate_dim;
};

/// Reads modules.json and config_sentence_transformers.json. A folder without modules.json, or of
/// another kind of model, becomes Transformer and mean pooling, as in Python.
ModelParts read_model(const std::filesystem::path& folder);

/// Writes what read_model reads, for this library and for Python. Throws Error where the disk
/// refuses.
void write_model(const ModelParts& parts, const std::filesystem::path& folder);

/// Makes a folder and those above it. Throws Error naming it and the system's reason.
void make_folder(const std::filesystem::path& folder);

}  // namespace sentence_transformers
