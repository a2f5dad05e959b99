// The golden multi-vector encoders, for the tests of the model and of its losses.
#pragma once

#include <sentence_transformers/multi_vector_encoder.h>

#include <string>
#include <vector>

#include "core/safetensors.h"
#include "support.h"

namespace sentence_transformers::test {

inline const nlohmann::json& multi_vector_golden() {
  static const nlohmann::json file = golden_json("multi_vector.json");
  return file;
}
inline const SafeTensors& multi_vector_file() {
  static const auto file = SafeTensors::open(golden("multi_vector.safetensors"));
  return file;
}
inline at::Tensor multi_vector_array(const std::string& name) {
  return multi_vector_file().get(name);
}
inline std::vector<std::string> multi_vector_texts() { return multi_vector_golden()["texts"]; }
inline std::string multi_vector_folder(const std::string& name) {
  return golden("multi_vector/" + name).string();
}
inline MultiVectorEncoder load_multi_vector(const std::string& name) {
  return MultiVectorEncoder(multi_vector_folder(name), {.device = "cpu"});
}

}  // namespace sentence_transformers::test
