#include "model/model_files.h"

#include <sentence_transformers/error.h>
#include <sentence_transformers/version.h>

#include <algorithm>
#include <stdexcept>

#include "core/config.h"
#include "core/files.h"
#include "core/make_folder.h"
#include "core/quoted.h"
#include "modules/pooling.h"
#include "modules/transformer.h"

namespace sentence_transformers {
namespace {

namespace fs = std::filesystem;

const std::string kSentenceTransformer = "SentenceTransformer";

/// The folder that a module's "path" names, which must stay inside the model's.
fs::path module_folder(const fs::path& model, const Config& entry, const std::string& function) {
  const auto text = entry.get<std::string>("path", "");
  const fs::path path(text);
  const bool climbs = std::find(path.begin(), path.end(), "..") != path.end();
  if (path.is_absolute() || climbs) {
    throw LoadError("[" + function + "] " + entry.name("path") +
                    ": expected a folder inside the model's, found " + in_quotes(text));
  }
  return text.empty() ? model : model / path;
}

void saved_modules(const fs::path& folder, SentenceTransformerParts& parts) {
  parts.embedding_dimension = read_modules(folder, kSentenceTransformer, parts).sentence_embedding;
  if (parts.embedding_dimension == 0) {
    throw LoadError("[" + kSentenceTransformer + "] " + (folder / "modules.json").string() +
                    ": expected a Pooling module, found none");
  }
}

void default_modules(const fs::path& folder, SentenceTransformerParts& parts) {
  const auto transformer = std::make_shared<Transformer>(folder);
  parts.embedding_dimension = transformer->output_sizes({}).token_embeddings;
  parts.modules = {transformer,
                   std::make_shared<Pooling>(parts.embedding_dimension,
                                             std::vector<PoolingMode>{PoolingMode::mean})};
}

void read_own_settings(const Config& config, SentenceTransformerParts& parts) {
  parts.similarity =
      read_similarity(config, kSentenceTransformer).value_or(SimilarityFunction::cosine);
  parts.truncate_dim = config.find<int64_t>("truncate_dim");
  if (parts.truncate_dim &&
      (*parts.truncate_dim < 1 || *parts.truncate_dim > parts.embedding_dimension)) {
    throw LoadError("[SentenceTransformer] " + config.name("truncate_dim") + ": expected 1 to " +
                    std::to_string(parts.embedding_dimension) + ", found " +
                    std::to_string(*parts.truncate_dim));
  }
}

}  // namespace

FeatureSizes Way::sizes() const {
  FeatureSizes sizes;
  for (const Module* module : modules) sizes = module->output_sizes(sizes);
  return sizes;
}

Way ModelFolder::way(const std::string& task, const std::string& function) const {
  Way way{.task = task};
  for (const auto& module : modules) module->add_steps(task, function, way.modules);
  way.input = dynamic_cast<const InputModule*>(way.modules.front());
  way.keeps_layers = way.input->gives_layers() &&
                     std::any_of(way.modules.begin(), way.modules.end(),
                                 [](const Module* module) { return module->reads_layers(); });
  const auto pools = [](const Module* module) { return module->type() == "Pooling"; };
  way.first_alone = way.modules.size() > 1 && way.modules[1]->reads_first_alone() &&
                    std::count_if(way.modules.begin(), way.modules.end(), pools) == 1;
  return way;
}

std::vector<InputModule*> ModelFolder::inputs() const {
  std::vector<InputModule*> inputs;
  modules.front()->add_inputs(inputs);
  return inputs;
}

int64_t ModelFolder::max_seq_length() const {
  int64_t longest = 0;
  for (const InputModule* input : inputs()) longest = std::max(longest, input->max_seq_length());
  return longest;
}

void ModelFolder::set_max_seq_length(int64_t length, const std::string& function) {
  std::vector<InputModule*> cutting = inputs();
  const std::vector<InputModule*> all = cutting;
  std::erase_if(cutting, [](const InputModule* input) {
    return input->max_seq_length() == Tokenizer::kNoLimit;
  });
  for (InputModule* input : cutting.empty() ? all : cutting) {
    input->set_max_seq_length(length, function);
  }
}

std::vector<std::pair<std::string, at::Tensor>> named_parameters_of(const ModelFolder& model) {
  auto parameters = model.modules.front()->checkpoint_parameters();
  for (size_t i = 1; i < model.modules.size(); ++i) {
    for (const auto& [name, value] : model.modules[i]->checkpoint_parameters()) {
      parameters.emplace_back(std::to_string(i) + "." + name, value);
    }
  }
  return parameters;
}

std::vector<ModuleEntry> read_module_list(const fs::path& folder, const std::string& function) {
  const fs::path file = folder / "modules.json";
  const nlohmann::json list = read_json(file);
  if (!list.is_array() || list.empty()) {
    throw LoadError("[" + function + "] " + file.string() + ": expected a list of modules");
  }
  std::vector<ModuleEntry> entries;
  for (size_t i = 0; i < list.size(); ++i) {
    const Config entry(list[i], file, "[" + std::to_string(i) + "]");
    const auto type = entry.require<std::string>("type");
    entries.push_back({type, module_folder(folder, entry, function), entry.name("type")});
    check_trusted(entries.back(), function);
  }
  return entries;
}

FeatureSizes read_modules(const fs::path& folder, const std::string& function, ModelFolder& model) {
  FeatureSizes sizes;
  for (const ModuleEntry& entry : read_module_list(folder, function)) {
    model.modules.push_back(make_module(entry, sizes, function));
    sizes = model.modules.back()->output_sizes(sizes);
  }
  return sizes;
}

std::optional<SimilarityFunction> read_similarity(const Config& settings,
                                                  const std::string& function) {
  const auto name = settings.find<std::string>("similarity_fn_name");
  if (!name) return std::nullopt;
  try {
    return parse_similarity_function(*name);
  } catch (const std::invalid_argument& e) {
    throw LoadError("[" + function + "] " + settings.name("similarity_fn_name") + ": " + e.what());
  }
}

std::optional<Config> read_settings(const fs::path& folder) {
  const fs::path file = folder / "config_sentence_transformers.json";
  return file_exists(file) ? std::optional(Config::read(file)) : std::nullopt;
}

std::string model_type(const std::optional<Config>& settings) {
  const std::string original = "SentenceTransformer";  // from before there were others
  return settings ? settings->get<std::string>("model_type", original) : original;
}

void read_prompts(const Config& settings, const std::string& function, ModelFolder& model) {
  if (settings.has("prompts")) {
    const Config prompts = settings.at("prompts");
    for (const auto& [name, value] : prompts.json().items()) {
      model.prompts[name] = prompts.get<std::string>(name, "");
    }
  }
  model.default_prompt_name = settings.find<std::string>("default_prompt_name");
  if (model.default_prompt_name && !model.prompts.count(*model.default_prompt_name)) {
    throw LoadError("[" + function + "] " + settings.name("default_prompt_name") + " is " +
                    in_quotes(*model.default_prompt_name) + ", which \"prompts\" does not have");
  }
}

void write_folder(const ModelFolder& model, const std::string& model_type,
                  const nlohmann::ordered_json& more, const fs::path& folder) {
  make_folder(folder);
  nlohmann::ordered_json modules = nlohmann::ordered_json::array();
  for (size_t i = 0; i < model.modules.size(); ++i) {
    const std::string type = model.modules[i]->type(), index = std::to_string(i);
    const bool in_root = i == 0 && model.modules[i]->saves_in_root();
    const std::string path = in_root ? "" : index + "_" + type;
    make_folder(folder / path);
    model.modules[i]->write(folder / path);
    modules.push_back(
        {{"idx", i}, {"name", index}, {"path", path}, {"type", model.modules[i]->python_path()}});
  }
  nlohmann::ordered_json settings = {
      {"__version__", {{"sentence_transformers_cpp", SENTENCE_TRANSFORMERS_VERSION}}},
      {"model_type", model_type},
      {"prompts", model.prompts},
      {"default_prompt_name", nullptr}};
  if (model.default_prompt_name) settings["default_prompt_name"] = *model.default_prompt_name;
  settings.update(more);
  write_json(folder / "config_sentence_transformers.json", settings);
  write_json(folder / "modules.json", modules);
}

void write_model(const SentenceTransformerParts& parts, const fs::path& folder) {
  nlohmann::ordered_json more = {{"similarity_fn_name", to_string(parts.similarity)}};
  if (parts.truncate_dim) more["truncate_dim"] = *parts.truncate_dim;
  write_folder(parts, kSentenceTransformer, more, folder);
}

SentenceTransformerParts read_model(const fs::path& folder) {
  SentenceTransformerParts parts;
  parts.prompts = {{"query", ""}, {"document", ""}};

  const std::optional<Config> settings = read_settings(folder);
  const bool same_kind = model_type(settings) == kSentenceTransformer;

  if (same_kind && file_exists(folder / "modules.json")) {
    saved_modules(folder, parts);
  } else {
    default_modules(folder, parts);
  }
  if (settings && same_kind) {
    read_prompts(*settings, kSentenceTransformer, parts);
    read_own_settings(*settings, parts);
  }
  return parts;
}

}  // namespace sentence_transformers
