// The folders of tests/golden/first_modules, to be opened and changed.
#pragma once

#include <sentence_transformers/sentence_transformer.h>

#include "core/safetensors.h"
#include "support.h"

namespace sentence_transformers::test {

/// A copy of one of the folders, with tiny_bert's files where a BERT's config.json is.
class FirstModules {
 public:
  explicit FirstModules(const std::string& name) {
    fs::copy(golden("first_modules") / name, path(), fs::copy_options::recursive);
    std::vector<fs::path> berts;
    for (const auto& entry : fs::recursive_directory_iterator(path())) {
      if (entry.path().filename() == "config.json" &&
          read_json_file(entry.path()).value("model_type", "") == "bert") {
        berts.push_back(entry.path().parent_path());
      }
    }
    for (const fs::path& bert : berts) {
      for (const char* file : {"model.safetensors", "tokenizer.json", "tokenizer_config.json"}) {
        fs::copy(golden("tiny_bert") / file, bert / file);
      }
    }
  }

  const fs::path& path() const { return dir_.path(); }
  std::string file(const std::string& name) const { return (path() / name).string(); }
  SentenceTransformer load(const LoadOptions& options = {.device = "cpu"}) const {
    return SentenceTransformer(path().string(), options);
  }
  /// With the keys in the file's order, on which a Router's routes hang.
  nlohmann::ordered_json read(const std::string& name) const {
    return read_json_file(path() / name);
  }
  void write(const std::string& name, const nlohmann::ordered_json& content) const {
    write_file(path() / name, content.dump());
  }
  /// Writes a key of a JSON file; null removes it.
  void set(const std::string& name, const std::string& key,
           const nlohmann::ordered_json& value) const {
    nlohmann::ordered_json content = read(name);
    value.is_null() ? void(content.erase(key)) : void(content[key] = value);
    write(name, content);
  }

 private:
  static nlohmann::ordered_json read_json_file(const fs::path& file) {
    std::ifstream in(file);
    return nlohmann::ordered_json::parse(in);
  }

  TempDir dir_;
};

inline std::vector<std::string> first_modules_texts() {
  return golden_json("first_modules/cases.json").at("texts");
}
inline SafeTensors first_modules_results() {
  return SafeTensors::open(golden("first_modules/results.safetensors"));
}
inline EncodeOptions with_task(const std::string& task) {
  EncodeOptions options;
  if (!task.empty()) options.task = task;
  return options;
}

}  // namespace sentence_transformers::test
