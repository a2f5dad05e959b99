// The table of architectures: config.json's model_type and the maker of its encoder.
#include <sentence_transformers/error.h>

#include <algorithm>
#include <array>

#include "encoders/encoder.h"

namespace sentence_transformers {
namespace {

struct Architecture {
  const char* model_type;
  std::shared_ptr<Encoder> (*make)(const Config&, const Weights&);
  const char* prefix;                 // of the model inside a checkpoint that has a head too
  const char* probe;                  // a name that every checkpoint has below its prefix
  std::vector<const char*> optional;  // below the prefix, known and not needed for embeddings
};

const std::vector<Architecture>& architectures() {
  static const std::vector<Architecture> table = {
      {"bert",
       make_bert,
       "bert",
       "embeddings.word_embeddings",
       {"pooler.", "embeddings.position_ids"}},
  };
  return table;
}

}  // namespace

std::shared_ptr<Encoder> make_encoder(const Config& config, const Weights& weights) {
  const auto type = config.require<std::string>("model_type");
  const auto& table = architectures();
  const auto row = std::find_if(table.begin(), table.end(),
                                [&](const Architecture& a) { return a.model_type == type; });
  if (row == table.end()) {
    std::string known;
    for (const auto& a : table) known += (known.empty() ? "" : ", ") + std::string(a.model_type);
    throw UnsupportedError("[make_encoder] " + config.name("model_type") + " is \"" + type +
                           "\"; known: " + known);
  }

  // sentence-transformers' own wrapper names its model auto_model.
  const std::array<std::string, 4> prefixes = {"", row->prefix, "auto_model", "0.auto_model"};
  const auto prefix = std::find_if(prefixes.begin(), prefixes.end(), [&](const std::string& p) {
    return (weights / p).contains(row->probe);
  });
  const Weights model = weights / (prefix == prefixes.end() ? "" : *prefix);
  auto encoder = row->make(config, model);

  for (const std::string& name : model.unused()) {
    const std::string_view local =
        std::string_view(name).substr(prefix->empty() ? 0 : prefix->size() + 1);
    const bool known = std::any_of(row->optional.begin(), row->optional.end(),
                                   [&](const char* start) { return local.starts_with(start); });
    if (!known) {
      throw LoadError("[make_encoder] " + weights.file().string() + ": unexpected tensor \"" +
                      name + "\": \"" + type + "\" with " + config.file().string() +
                      " does not have it");
    }
  }
  return encoder;
}

}  // namespace sentence_transformers
