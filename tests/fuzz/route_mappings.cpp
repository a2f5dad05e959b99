// The parameters of a Router's configuration: keys that are Python's tuples.
#include "modules/route_mappings.h"

#include "fuzz.h"

namespace sentence_transformers {

FUZZ_TARGET(route_mappings) {
  fuzz::accepted([&] {
    const Config config(parse_json(input, "[fuzz] ", {}), "router_config.json");
    for (const auto& [key, route] : read_route_mappings(config)) {
      const std::string& modality = key.second.value_or("");
      fuzz::require(!modality.starts_with("()"), "a tuple of modalities has a name");
    }
  });
}

}  // namespace sentence_transformers
