// The table of modules: a Python class name and the maker of its C++ twin.
#include <sentence_transformers/error.h>

#include <map>

#include "core/quoted.h"
#include "modules/dense.h"
#include "modules/dropout.h"
#include "modules/layer_norm.h"
#include "modules/module.h"
#include "modules/normalize.h"
#include "modules/pooling.h"
#include "modules/transformer.h"

namespace sentence_transformers {
namespace {

namespace fs = std::filesystem;
using Maker = std::shared_ptr<Module> (*)(const fs::path& folder, int64_t input_size);

const std::map<std::string, Maker>& makers() {
  static const std::map<std::string, Maker> table = {
      {"Dense",
       [](const fs::path& folder, int64_t input_size) -> std::shared_ptr<Module> {
         return std::make_shared<Dense>(folder, input_size);
       }},
      {"Dropout",
       [](const fs::path& folder, int64_t) -> std::shared_ptr<Module> {
         return std::make_shared<DropoutModule>(folder);
       }},
      {"LayerNorm",
       [](const fs::path& folder, int64_t input_size) -> std::shared_ptr<Module> {
         return std::make_shared<LayerNormModule>(folder, input_size);
       }},
      {"Normalize",
       [](const fs::path&, int64_t) -> std::shared_ptr<Module> {
         return std::make_shared<Normalize>();
       }},
      {"Pooling",
       [](const fs::path& folder, int64_t input_size) -> std::shared_ptr<Module> {
         return Pooling::from_config(Config::read(folder / "config.json"), input_size);
       }},
      {"Transformer",
       [](const fs::path& folder, int64_t) -> std::shared_ptr<Module> {
         return std::make_shared<Transformer>(folder);
       }},
  };
  return table;
}

}  // namespace

std::string module_class(const std::string& type) {
  return type.substr(type.rfind('.') + 1);  // npos + 1 is 0
}

std::shared_ptr<Module> make_module(const std::string& type, const fs::path& folder,
                                    int64_t input_size) {
  const auto found = makers().find(module_class(type));
  if (found != makers().end()) return found->second(folder, input_size);
  std::string known;
  for (const auto& [name, maker] : makers()) known += (known.empty() ? "" : ", ") + name;
  throw UnsupportedError("[make_module] " + folder.string() + ": module type " + in_quotes(type) +
                         "; known: " + known);
}

}  // namespace sentence_transformers
