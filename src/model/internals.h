// What every model is made of, whatever its public class adds.
#pragma once

#include <sentence_transformers/base_model.h>

#include "model/model_files.h"
#include "model/placement.h"

namespace sentence_transformers {

struct BaseModel::Internals {
  /// `own_folder` is the derived object's, which reads it when it is constructed.
  Internals(Placement own_placement, std::filesystem::path own_path, ModelFolder& own_folder)
      : placement(std::move(own_placement)), path(std::move(own_path)), folder(own_folder) {}
  virtual ~Internals() = default;
  Internals(const Internals&) = delete;
  Internals& operator=(const Internals&) = delete;

  Placement placement;
  std::filesystem::path path;
  ModelFolder& folder;
};

}  // namespace sentence_transformers
