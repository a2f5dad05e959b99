#include "modules/router.h"

#include <sentence_transformers/error.h>

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>

#include "core/config_lists.h"
#include "core/files.h"
#include "core/json.h"
#include "core/make_folder.h"
#include "core/quoted.h"
#include "modules/module_config.h"
#include "modules/module_list.h"

namespace sentence_transformers {
namespace {

namespace fs = std::filesystem;

const std::string kFunction = "Router";
constexpr const char* kRouterFile = "router_config.json";
// All texts that come here are plain ones.
const std::string kModality = "text";

Config read_config(const fs::path& folder) {
  return Config::read(folder / (file_exists(folder / kRouterFile) ? kRouterFile : "config.json"));
}

/// Routes in the order of the file, whose first one may be the default. Objects that keep an order
/// take quadratic time, so the routes are set apart instead, inside of one more pair of braces.
std::vector<std::string> route_order(const Config& config) {
  InnerObject structure{"config", "structure"};
  JsonRules rules{.apart = &structure};
  ++rules.deepest;
  parse_json("{\"config\":" + read_file(config.file(), kLongestJson) + "}",
             "[" + kFunction + "] " + config.file().string() + ": ", rules);
  std::vector<std::string> names;
  std::set<std::string> seen;
  for (const auto& [name, ids] : structure.members) {
    if (seen.insert(name).second) names.push_back(name);
  }
  return names;
}

/// Names and ids become folders inside the Router's; a name's dots would also read as parts of a
/// parameter's name.
void check_name(const std::string& name, const Config& where, bool may_have_dots) {
  const bool good = !name.empty() && name.find('/') == name.npos &&
                    (may_have_dots ? name != "." && name != ".." : name.find('.') == name.npos);
  if (!good) {
    throw LoadError("[" + kFunction + "] " + where.name(name) + ": expected a plain name, found " +
                    in_quotes(name));
  }
}

}  // namespace

Router::Router(const fs::path& folder, const FeatureSizes& sizes) : config_(read_config(folder)) {
  read_routes(config_, folder, sizes);
  const Config parameters = config_.at("parameters");
  check_keys(parameters, {"default_route", "allow_empty_key", "route_mappings"}, kFunction);
  default_route_ = parameters.find<std::string>("default_route");
  if (!default_route_ && parameters.get<bool>("allow_empty_key", true)) {
    default_route_ = routes_.front().name;
  }
  mappings_ = read_route_mappings(parameters);
  check_routes();
}

void Router::read_routes(const Config& config, const fs::path& folder, const FeatureSizes& sizes) {
  const Config types = config.at("types"), structure = config.at("structure");
  std::map<std::string, std::pair<std::shared_ptr<Module>, FeatureSizes>> made;  // and its input's
  for (const std::string& name : route_order(config)) {
    check_name(name, structure, false);
    Route route{name, {}};
    FeatureSizes now = sizes;
    for (const std::string& id : require_strings(structure, name)) {
      auto found = made.find(id);
      if (found == made.end()) {
        check_name(id, types, true);
        const ModuleEntry entry{types.require<std::string>(id), folder / id, types.name(id)};
        found = made.emplace(id, std::pair{make_module(entry, now, kFunction), now}).first;
        register_module("module" + std::to_string(modules_.size()), found->second.first);
        modules_.push_back(found->second.first);
      } else if (!(found->second.second == now)) {
        throw UnsupportedError("[" + kFunction + "] " + structure.name(name) + ": " +
                               in_quotes(id) +
                               " stands behind embeddings of another size in another route");
      }
      route.modules.push_back(found->second.first);
      now = route.modules.back()->output_sizes(now);
      now.multi_vector = sizes.multi_vector;
    }
    if (route.modules.empty()) {
      throw LoadError("[" + kFunction + "] " + structure.name(name) + ": expected a module");
    }
    if (routes_.empty()) sizes_ = now;
    if (now.sentence_embedding != sizes_.sentence_embedding) {
      throw UnsupportedError("[" + kFunction + "] " + structure.name(name) +
                             " ends in embeddings of size " +
                             std::to_string(now.sentence_embedding) + ", the first route in " +
                             std::to_string(sizes_.sentence_embedding) + "; expected equal sizes");
    }
    if (now.token_embeddings != sizes_.token_embeddings) sizes_.token_embeddings = 0;
    routes_.push_back(std::move(route));
  }
  if (routes_.empty()) {
    throw LoadError("[" + kFunction + "] " + config.name("structure") + ": expected a route");
  }
}

void Router::check_routes() const {
  const auto check = [&](const std::string& name, const std::string& key) {
    if (find(name)) return;
    throw LoadError("[" + kFunction + "] " + config_.name("parameters." + key) + " names " +
                    in_quotes(name) + "; known routes: " + route_names());
  };
  if (default_route_) check(*default_route_, "default_route");
  for (const auto& [key, name] : mappings_) check(name, "route_mappings");
}

const Router::Route* Router::find(const std::string& name) const {
  for (const Route& route : routes_) {
    if (route.name == name) return &route;
  }
  return nullptr;
}

std::string Router::route_names() const {
  std::string names;
  for (const Route& route : routes_) names += (names.empty() ? "" : ", ") + route.name;
  for (const auto& [key, name] : mappings_) {
    if (key.first && !find(*key.first)) names += ", " + *key.first;
  }
  return names;
}

const Router::Route& Router::route(const std::string& task, const std::string& function) const {
  const auto wanted = task.empty() ? std::nullopt : std::optional(task);
  for (const RouteKey& key : {RouteKey{wanted, kModality}, RouteKey{wanted, std::nullopt},
                              RouteKey{std::nullopt, kModality}, RouteKey{}}) {
    const auto found = mappings_.find(key);
    if (found != mappings_.end()) return *find(found->second);
  }
  if (const Route* named = wanted ? find(task) : nullptr) return *named;
  if (const Route* named = find(kModality)) return *named;
  if (wanted) {
    throw std::invalid_argument("[" + function + "] the model has no route for the task " +
                                in_quotes(task) + "; known: " + route_names());
  }
  if (default_route_) return *find(*default_route_);
  throw std::invalid_argument("[" + function +
                              "] the model has a route for each task and no default_route; "
                              "expected a task, one of: " +
                              route_names());
}

void Router::forward(Features& features) const {
  for (const auto& module : route(features.task, kFunction).modules) module->forward(features);
}

void Router::add_steps(const std::string& task, const std::string& function,
                       std::vector<const Module*>& steps) const {
  for (const auto& module : route(task, function).modules) {
    module->add_steps(task, function, steps);
  }
}

void Router::add_inputs(std::vector<InputModule*>& inputs) {
  for (const Route& route : routes_) {
    std::vector<InputModule*> own;
    route.modules.front()->add_inputs(own);
    for (InputModule* input : own) {
      if (std::find(inputs.begin(), inputs.end(), input) == inputs.end()) inputs.push_back(input);
    }
  }
}

std::vector<std::pair<std::string, at::Tensor>> Router::checkpoint_parameters() const {
  std::vector<std::pair<std::string, at::Tensor>> parameters;
  std::set<const Module*> seen;
  for (const Route& route : routes_) {
    for (size_t i = 0; i < route.modules.size(); ++i) {
      if (!seen.insert(route.modules[i].get()).second) continue;
      const std::string prefix = "sub_modules." + route.name + "." + std::to_string(i) + ".";
      for (const auto& [name, value] : route.modules[i]->checkpoint_parameters()) {
        parameters.emplace_back(prefix + name, value);
      }
    }
  }
  return parameters;
}

void Router::write(const fs::path& folder) const {
  nlohmann::ordered_json types = nlohmann::ordered_json::object(), structure = types;
  std::map<const Module*, std::string> ids;
  for (const Route& route : routes_) {
    structure[route.name] = nlohmann::ordered_json::array();
    for (size_t i = 0; i < route.modules.size(); ++i) {
      const Module* module = route.modules[i].get();
      std::string& id = ids[module];
      if (id.empty()) {
        id = route.name + "_" + std::to_string(i) + "_" + module->type();
        types[id] = module->python_path();
        make_folder(folder / id);
        module->write(folder / id);
      }
      structure[route.name].push_back(id);
    }
  }
  nlohmann::ordered_json parameters = nlohmann::ordered_json::object();
  parameters.update(config_.json()["parameters"]);
  write_json(folder / kRouterFile,
             {{"types", types}, {"structure", structure}, {"parameters", parameters}});
}

void Router::release_pages() const {
  for (const auto& module : modules_) module->release_pages();
}
void Router::forget_checkpoint() {
  for (const auto& module : modules_) module->forget_checkpoint();
}
void Router::set_dtype(at::ScalarType dtype) {
  Module::set_dtype(dtype);
  for (const auto& module : modules_) module->set_dtype(dtype);
}

}  // namespace sentence_transformers
