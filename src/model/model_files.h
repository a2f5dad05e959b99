// A model folder's modules and the settings beside them; what folders of all kinds share.
#pragma once

#include <sentence_transformers/similarity.h>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/config.h"
#include "modules/input_module.h"
#include "modules/module_list.h"

namespace sentence_transformers {

/// The way of texts of one task through a model's modules.
struct Way {
  std::string task;                         // empty for none
  std::vector<const Module*> modules = {};  // the first is `input`
  const InputModule* input = nullptr;
  bool keeps_layers = false;  // does a module read the layers that the first one gives?
  bool first_alone = false;   // are the first tokens all that the others read of the first one's?

  /// The sizes behind its modules.
  FeatureSizes sizes() const;
};

struct ModelFolder {
  std::vector<std::shared_ptr<Module>> modules;
  std::map<std::string, std::string> prompts;
  std::optional<std::string> default_prompt_name;

  /// `task` is empty for none. Throws std::invalid_argument, begun by `function`, for one for which
  /// a Router among the modules has no route.
  Way way(const std::string& task, const std::string& function) const;
  /// The modules by which texts enter: one, or those of a Router's routes.
  std::vector<InputModule*> inputs() const;
  /// The longest of the inputs'.
  int64_t max_seq_length() const;
  /// Of all inputs that cut texts. Throws std::invalid_argument if none does or may.
  void set_max_seq_length(int64_t length, const std::string& function);
};

struct SentenceTransformerParts : ModelFolder {
  int64_t embedding_dimension = 0;
  SimilarityFunction similarity = SimilarityFunction::cosine;
  std::optional<int64_t> truncate_dim;
};

/// The parameters of all modules by the checkpoint's names; those behind the first one with the
/// module's number before them, as in Python.
std::vector<std::pair<std::string, at::Tensor>> named_parameters_of(const ModelFolder& model);

/// Reads modules.json and config_sentence_transformers.json. A folder without modules.json, or of
/// another kind of model, becomes Transformer and mean pooling, as in Python.
SentenceTransformerParts read_model(const std::filesystem::path& folder);

/// Writes what read_model reads, for this library and for Python. Throws Error where the disk
/// refuses.
void write_model(const SentenceTransformerParts& parts, const std::filesystem::path& folder);

// For readers and writers of each kind; `function` begins error texts.

/// modules.json. Throws LoadError for a malformed list or a folder outside the model's,
/// UnsupportedError for classes that are not sentence-transformers'.
std::vector<ModuleEntry> read_module_list(const std::filesystem::path& folder,
                                          const std::string& function);

/// Adds the modules that modules.json lists, and gives the sizes behind them.
FeatureSizes read_modules(const std::filesystem::path& folder, const std::string& function,
                          ModelFolder& model);

/// config_sentence_transformers.json, if it is there, and the class that it says it is of.
std::optional<Config> read_settings(const std::filesystem::path& folder);
std::string model_type(const std::optional<Config>& settings);

/// The settings' "similarity_fn_name", if there is one. Throws LoadError for an unknown one.
std::optional<SimilarityFunction> read_similarity(const Config& settings,
                                                  const std::string& function);

/// Adds the settings' prompts to the model's, and their default name.
void read_prompts(const Config& settings, const std::string& function, ModelFolder& model);

/// Writes modules, modules.json and settings: what all kinds have, and `more`.
void write_folder(const ModelFolder& model, const std::string& model_type,
                  const nlohmann::ordered_json& more, const std::filesystem::path& folder);

}  // namespace sentence_transformers
