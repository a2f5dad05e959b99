// Modules made from a list of their types and folders: modules.json's, or that of a Router's route.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "modules/module.h"

namespace sentence_transformers {

/// One line of a list.
struct ModuleEntry {
  std::string type;
  std::filesystem::path folder;
  std::string name;  // of the type's key, for error texts
};

/// "sentence_transformers.models.Pooling.Pooling" -> "Pooling": the class whatever the module path
/// of the version that saved it.
std::string module_class(const std::string& type);

/// Throws UnsupportedError, begun by `function`, for a class that Python loads only with
/// trust_remote_code.
void check_trusted(const ModuleEntry& entry, const std::string& function);

/// The module of an entry, which stands behind others that give `sizes`, or first (sizes of 0).
/// Throws UnsupportedError for a type that is not here or not at this place, LoadError where no
/// module before it gives what it reads.
std::shared_ptr<Module> make_module(const ModuleEntry& entry, const FeatureSizes& sizes,
                                    const std::string& function);

}  // namespace sentence_transformers
