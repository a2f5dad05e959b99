// A model's name to its folder.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace sentence_transformers {

/// `name` itself if it is a folder; else the first folder that holds a model among models/,
/// `cache_folder`, $SENTENCE_TRANSFORMERS_HOME and the Hugging Face cache ($HF_HUB_CACHE,
/// $HF_HOME/hub, ~/.cache/huggingface/hub). A name without "/" also stands for organization/name.
/// Throws LoadError, begun by `function`, that lists every place.
std::filesystem::path resolve_model(const std::string& name,
                                    const std::optional<std::string>& cache_folder,
                                    const std::string& organization = "sentence-transformers",
                                    const std::string& function = "SentenceTransformer");

}  // namespace sentence_transformers
