#include "model_files.h"

#include <sentence_transformers/error.h>
#include <sentence_transformers/version.h>

#include <stdexcept>

#include "core/config.h"
#include "modules/pooling.h"

namespace sentence_transformers {
namespace {

namespace fs = std::filesystem;

/// The folder that a module's "path" names, which must stay inside the model's.
fs::path module_folder(const fs::path& model, const Config& entry) {
  const auto text = entry.get<std::string>("path", "");
  const fs::path path(text);
  const bool climbs = std::find(path.begin(), path.end(), "..") != path.end();
  if (path.is_absolute() || climbs) {
    throw LoadError("[SentenceTransformer] " + entry.name("path") +
                    ": expected a folder inside the model's, found \"" + text + "\"");
  }
  return text.empty() ? model : model / path;
}

void read_modules(const fs::path& folder, ModelParts& parts) {
  const fs::path file = folder / "modules.json";
  const nlohmann::json list = read_json(file);
  if (!list.is_array() || list.empty()) {
    throw LoadError("[SentenceTransformer] " + file.string() + ": expected a list of modules");
  }
  bool pools = false;
  for (size_t i = 0; i < list.size(); ++i) {
    const Config entry(list[i], file, "[" + std::to_string(i) + "]");
    const auto type = entry.require<std::string>("type");
    if ((i == 0) != (module_class(type) == "Transformer")) {
      throw UnsupportedError("[SentenceTransformer] " + entry.name("type") + " is \"" + type +
                             "\"; known: one Transformer, as the first module");
    }
    parts.modules.push_back(
        make_module(type, module_folder(folder, entry), parts.embedding_dimension));
    parts.embedding_dimension = parts.modules.back()->output_size(parts.embedding_dimension);
    pools = pools || module_class(type) == "Pooling";
    if (i > 0 && !pools) {
      throw LoadError("[SentenceTransformer] " + entry.name("type") + " is \"" + type +
                      "\"; expected a Pooling module before it");
    }
  }
  if (!pools) {
    throw LoadError("[SentenceTransformer] " + file.string() +
                    ": expected a Pooling module, found none");
  }
  parts.transformer = std::static_pointer_cast<Transformer>(parts.modules[0]);
}

void default_modules(const fs::path& folder, ModelParts& parts) {
  parts.transformer = std::make_shared<Transformer>(folder);
  parts.embedding_dimension = parts.transformer->output_size(0);
  parts.modules = {parts.transformer,
                   std::make_shared<Pooling>(parts.embedding_dimension,
                                             std::vector<PoolingMode>{PoolingMode::mean})};
}

void read_settings(const Config& config, ModelParts& parts) {
  if (config.has("prompts")) {
    const Config prompts = config.at("prompts");
    for (const auto& [name, value] : prompts.json().items()) {
      parts.prompts[name] = prompts.get<std::string>(name, "");
    }
  }
  parts.default_prompt_name = config.find<std::string>("default_prompt_name");
  if (parts.default_prompt_name && !parts.prompts.count(*parts.default_prompt_name)) {
    throw LoadError("[SentenceTransformer] " + config.name("default_prompt_name") + " is \"" +
                    *parts.default_prompt_name + "\", which \"prompts\" does not have");
  }
  if (const auto name = config.find<std::string>("similarity_fn_name")) {
    try {
      parts.similarity = parse_similarity_function(*name);
    } catch (const std::invalid_argument& e) {
      throw LoadError("[SentenceTransformer] " + config.name("similarity_fn_name") + ": " +
                      e.what());
    }
  }
  parts.truncate_dim = config.find<int64_t>("truncate_dim");
  if (parts.truncate_dim &&
      (*parts.truncate_dim < 1 || *parts.truncate_dim > parts.embedding_dimension)) {
    throw LoadError("[SentenceTransformer] " + config.name("truncate_dim") + ": expected 1 to " +
                    std::to_string(parts.embedding_dimension) + ", found " +
                    std::to_string(*parts.truncate_dim));
  }
}

}  // namespace

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw Error("[save_pretrained] " + folder.string() + ": " + error.message());
}

void write_model(const ModelParts& parts, const fs::path& folder) {
  make_folder(folder);
  nlohmann::ordered_json modules = nlohmann::ordered_json::array();
  for (size_t i = 0; i < parts.modules.size(); ++i) {
    const std::string type = parts.modules[i]->type(), index = std::to_string(i);
    const std::string path = i == 0 ? "" : index + "_" + type;
    make_folder(folder / path);
    parts.modules[i]->save(folder / path);
    // The spelling that every version of Python's library reads.
    modules.push_back({{"idx", i},
                       {"name", index},
                       {"path", path},
                       {"type", "sentence_transformers.models." + type}});
  }
  nlohmann::ordered_json settings = {
      {"__version__", {{"sentence_transformers_cpp", SENTENCE_TRANSFORMERS_VERSION}}},
      {"model_type", "SentenceTransformer"},
      {"prompts", parts.prompts},
      {"default_prompt_name", nullptr},
      {"similarity_fn_name", to_string(parts.similarity)}};
  if (parts.default_prompt_name) settings["default_prompt_name"] = *parts.default_prompt_name;
  if (parts.truncate_dim) settings["truncate_dim"] = *parts.truncate_dim;
  write_json(folder / "config_sentence_transformers.json", settings);
  write_json(folder / "modules.json", modules);
}

ModelParts read_model(const fs::path& folder) {
  ModelParts parts;
  parts.prompts = {{"query", ""}, {"document", ""}};

  std::optional<Config> settings;
  const fs::path file = folder / "config_sentence_transformers.json";
  if (fs::exists(file)) settings = Config::read(file);
  const std::string kSame = "SentenceTransformer";
  const bool same_kind = !settings || settings->get<std::string>("model_type", kSame) == kSame;

  if (same_kind && fs::exists(folder / "modules.json")) {
    read_modules(folder, parts);
  } else {
    default_modules(folder, parts);
  }
  if (settings && same_kind) read_settings(*settings, parts);
  return parts;
}

}  // namespace sentence_transformers
