// Several ways through a model, of which a text takes the one for its task.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/config.h"
#include "modules/module.h"
#include "modules/route_mappings.h"

namespace sentence_transformers {

/// As sentence-transformers 6.2's base/modules/router.py, which also reads what the older Asym
/// saved. It may be a model's first module, each route beginning with a module that takes texts, or
/// stand behind others.
class Router : public Module {
 public:
  /// Reads router_config.json, or Asym's config.json, and the modules of all routes; `sizes` are
  /// those of the module before it. Throws UnsupportedError where routes end in embeddings of other
  /// sizes.
  Router(const std::filesystem::path& folder, const FeatureSizes& sizes);

  /// Through the route for features.task. Throws std::invalid_argument if there is none.
  void forward(Features& features) const override;
  FeatureSizes output_sizes(FeatureSizes) const override { return sizes_; }
  void add_steps(const std::string& task, const std::string& function,
                 std::vector<const Module*>& steps) const override;
  void add_inputs(std::vector<InputModule*>& inputs) override;

  std::string type() const override { return "Router"; }
  void write(const std::filesystem::path& folder) const override;
  /// "sub_modules.ROUTE.INDEX.NAME"; what several routes share by its first name.
  std::vector<std::pair<std::string, at::Tensor>> checkpoint_parameters() const override;
  void release_pages() const override;
  void forget_checkpoint() override;
  void set_dtype(at::ScalarType dtype) override;

 private:
  struct Route {
    std::string name;
    std::vector<std::shared_ptr<Module>> modules;
  };
  void read_routes(const Config& config, const std::filesystem::path& folder,
                   const FeatureSizes& sizes);
  void check_routes() const;
  const Route* find(const std::string& name) const;
  const Route& route(const std::string& task, const std::string& function) const;
  std::string route_names() const;

  Config config_;
  std::vector<Route> routes_;                     // in the file's order
  std::vector<std::shared_ptr<Module>> modules_;  // of all routes, each once
  std::optional<std::string> default_route_;
  RouteMappings mappings_;
  FeatureSizes sizes_;
};

}  // namespace sentence_transformers
