#include "hub/needed_files.h"

#include <sentence_transformers/error.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/files.h"
#include "hub/names.h"

namespace sentence_transformers {
namespace {

namespace fs = std::filesystem;

/// Settings and tokenizers, in the folder of a transformer.
constexpr const char* kSettings[] = {"adapter_config.json",
                                     "added_tokens.json",
                                     "bpe.codes",
                                     "chat_template.jinja",
                                     "config.json",
                                     "merges.txt",
                                     "sentence_albert_config.json",
                                     "sentence_bert_config.json",
                                     "sentence_camembert_config.json",
                                     "sentence_distilbert_config.json",
                                     "sentence_roberta_config.json",
                                     "sentence_xlm-roberta_config.json",
                                     "sentence_xlnet_config.json",
                                     "sentencepiece.bpe.model",
                                     "special_tokens_map.json",
                                     "spiece.model",
                                     "spm.model",
                                     "tokenizer.json",
                                     "tokenizer.model",
                                     "tokenizer_config.json",
                                     "vocab.json",
                                     "vocab.txt"};

/// What other first modules have beside these.
constexpr const char* kWordSettings[] = {
    "phrasetokenizer_config.json", "whitespacetokenizer_config.json", "wordembedding_config.json"};
constexpr const char* kRouterSettings = "router_config.json";

/// The kinds of weights in the order in which they are wanted.
constexpr const char* kWeights[] = {"model.safetensors", "model.safetensors.index.json",
                                    "pytorch_model.bin", "pytorch_model.bin.index.json"};
constexpr const char* kAdapterWeights[] = {"adapter_model.safetensors", "adapter_model.bin"};

constexpr const char* kModules = "modules.json";
constexpr const char* kOwnSettings = "config_sentence_transformers.json";

std::string joined(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : folder + "/" + name;
}

/// JSON of any kind, null for what cannot be read.
nlohmann::json read_or_null(const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return nullptr;
  try {
    return nlohmann::json::parse(read_file(path), nullptr, false);
  } catch (const LoadError&) {
    return nullptr;
  }
}

class Selection {
 public:
  Selection(const Tree& tree, fs::path snapshot) : tree_(tree), snapshot_(std::move(snapshot)) {}

  bool add(const std::string& path) {
    const auto found = tree_.find(path);
    if (found == tree_.end()) return false;
    chosen.insert(*found);
    return true;
  }

  void add_transformer(const std::string& folder) {
    for (const char* name : kSettings) add(joined(folder, name));
    for (const char* name : kWeights) {
      if (!add(joined(folder, name))) continue;
      if (std::string(name).ends_with(".index.json")) add_parts(folder, name);
      break;
    }
    for (const char* name : kAdapterWeights) {
      if (add(joined(folder, name))) break;
    }
  }

  /// A Router's settings and the modules in the folders that they name.
  void add_router(const std::string& folder) {
    const char* settings = add(joined(folder, kRouterSettings)) ? kRouterSettings : "config.json";
    const nlohmann::json json = read(joined(folder, settings));
    if (!json.is_object() || !json.contains("types")) return;
    for (const auto& [id, type] : json["types"].items()) add_module(joined(folder, id));
  }

  /// Any other module may have files of its own, also in folders below.
  void add_module(const std::string& folder) {
    for (const auto& [path, file] : tree_) {
      if (!path.starts_with(folder + "/")) continue;
      const std::string beside = path.substr(0, path.rfind('/') + 1);
      const bool is_bin = path.ends_with(".bin");
      if (is_bin && tree_.count(beside + "model.safetensors")) continue;
      if (is_bin || path.ends_with(".json") || path.ends_with(".txt") ||
          path.ends_with(".safetensors") || path.ends_with(".model")) {
        add(path);
      }
    }
  }

  nlohmann::json read(const std::string& path) const { return read_or_null(snapshot_ / path); }

  Tree chosen;

 private:
  void add_parts(const std::string& folder, const std::string& index) {
    const nlohmann::json json = read(joined(folder, index));
    if (!json.is_object() || !json.contains("weight_map")) return;
    for (const auto& [tensor, file] : json["weight_map"].items()) {
      if (file.is_string()) add(joined(folder, file.get<std::string>()));
    }
  }

  const Tree& tree_;
  fs::path snapshot_;
};

/// A module's "path" as the tree writes folders: no slash at the end, "" for the top.
std::string folder_of(const nlohmann::json& entry) {
  const auto path = entry.find("path");
  if (path == entry.end() || !path->is_string()) return "";
  std::string folder = fs::path(path->get<std::string>()).lexically_normal().generic_string();
  if (folder == ".") folder.clear();
  while (folder.ends_with('/')) folder.pop_back();
  return folder;
}

bool is_of_type(const nlohmann::json& entry, const std::string& end) {
  const auto type = entry.find("type");
  return type != entry.end() && type->is_string() && type->get<std::string>().ends_with(end);
}

}  // namespace

Tree needed_files(const Tree& tree, const fs::path& snapshot) {
  Selection selection(tree, snapshot);
  selection.add(kOwnSettings);
  if (!selection.add(kModules)) {
    selection.add_transformer("");
    return selection.chosen;
  }
  const nlohmann::json modules = selection.read(kModules);
  if (!modules.is_array()) return selection.chosen;
  for (const nlohmann::json& entry : modules) {
    if (!entry.is_object()) continue;
    const std::string folder = folder_of(entry);
    if (is_of_type(entry, "Transformer") || folder.empty()) {
      selection.add_transformer(folder);
      for (const char* name : kWordSettings) selection.add(joined(folder, name));
      if (is_of_type(entry, "Router") || is_of_type(entry, "Asym")) selection.add_router(folder);
    } else {
      selection.add_module(folder);
    }
  }
  return selection.chosen;
}

std::vector<std::string> absent_files(const Tree& tree) {
  std::vector<std::string> names = {kModules, kOwnSettings};
  names.insert(names.end(), std::begin(kSettings), std::end(kSettings));
  names.insert(names.end(), std::begin(kWeights), std::end(kWeights));
  std::erase_if(names, [&](const std::string& name) { return tree.count(name) != 0; });
  return names;
}

}  // namespace sentence_transformers
