// The table of modules: a Python class name, where it may stand, and the maker of its C++ twin.
#include <sentence_transformers/error.h>

#include <map>

#include "core/quoted.h"
#include "modules/bow.h"
#include "modules/cnn.h"
#include "modules/dense.h"
#include "modules/dropout.h"
#include "modules/layer_norm.h"
#include "modules/lstm.h"
#include "modules/module_list.h"
#include "modules/multi_vector_mask.h"
#include "modules/normalize.h"
#include "modules/pooling.h"
#include "modules/router.h"
#include "modules/sparse_auto_encoder.h"
#include "modules/sparse_static_embedding.h"
#include "modules/splade_pooling.h"
#include "modules/static_embedding.h"
#include "modules/token_pooling.h"
#include "modules/transformer.h"
#include "modules/weighted_layer_pooling.h"
#include "modules/word_embeddings.h"
#include "modules/word_weights.h"

namespace sentence_transformers {
namespace {

namespace fs = std::filesystem;
using Maker = std::shared_ptr<Module> (*)(const fs::path& folder, const FeatureSizes& sizes);

/// What must have been there before a module.
enum class Position {
  first,
  anywhere,
  behind_tokens,
  behind_some_tokens,  // also if a module took others away
  behind_sentences,
  behind_either,
  behind_words
};

struct Kind {
  Position position;
  Maker make;
};

template <class M>
std::shared_ptr<Module> of_folder(const fs::path& folder, const FeatureSizes&) {
  return std::make_shared<M>(folder);
}
template <class M>
std::shared_ptr<Module> of_sizes(const fs::path& folder, const FeatureSizes& sizes) {
  return std::make_shared<M>(folder, sizes);
}

const std::map<std::string, Kind>& kinds() {
  static const std::map<std::string, Kind> table = {
      {"Asym", {Position::anywhere, of_sizes<Router>}},
      {"BoW", {Position::first, of_folder<BoW>}},
      {"CNN", {Position::behind_tokens, of_sizes<Cnn>}},
      {"Dense", {Position::behind_either, of_sizes<Dense>}},
      {"Dropout", {Position::behind_sentences, of_folder<DropoutModule>}},
      {"HierarchicalTokenPooling",
       {Position::behind_some_tokens,
        [](const fs::path& folder, const FeatureSizes&) -> std::shared_ptr<Module> {
          return std::make_shared<TokenPoolingModule>(Config::read(folder / "config.json"));
        }}},
      {"LSTM", {Position::behind_tokens, of_sizes<Lstm>}},
      {"LayerNorm", {Position::behind_sentences, of_sizes<LayerNormModule>}},
      {"MLMTransformer",
       {Position::first,
        [](const fs::path& folder, const FeatureSizes&) -> std::shared_ptr<Module> {
          return Transformer::saved(folder, "fill-mask");
        }}},
      {"MultiVectorMask",
       {Position::behind_some_tokens,
        [](const fs::path& folder, const FeatureSizes& sizes) -> std::shared_ptr<Module> {
          return std::make_shared<MultiVectorMask>(Config::read(folder / "config.json"), sizes);
        }}},
      {"Normalize", {Position::behind_either, of_sizes<Normalize>}},
      {"Pooling",
       {Position::behind_tokens,
        [](const fs::path& folder, const FeatureSizes& sizes) -> std::shared_ptr<Module> {
          return Pooling::from_config(Config::read(folder / "config.json"), sizes.token_embeddings);
        }}},
      {"Router", {Position::anywhere, of_sizes<Router>}},
      {"SparseAutoEncoder", {Position::behind_sentences, of_sizes<SparseAutoEncoder>}},
      {"SparseStaticEmbedding", {Position::first, of_folder<SparseStaticEmbedding>}},
      {"SpladePooling",
       {Position::behind_words,
        [](const fs::path& folder, const FeatureSizes& sizes) -> std::shared_ptr<Module> {
          return std::make_shared<SpladePooling>(Config::read(folder / "config.json"), sizes.words);
        }}},
      {"StaticEmbedding", {Position::first, of_folder<StaticEmbedding>}},
      {"Transformer",
       {Position::first,
        [](const fs::path& folder, const FeatureSizes&) -> std::shared_ptr<Module> {
          return Transformer::saved(folder, "");
        }}},
      {"WeightedLayerPooling", {Position::behind_tokens, of_sizes<WeightedLayerPooling>}},
      {"WordEmbeddings", {Position::first, of_folder<WordEmbeddings>}},
      {"WordWeights", {Position::behind_tokens, of_folder<WordWeights>}},
  };
  return table;
}

bool may_be_first(Position position) {
  return position == Position::first || position == Position::anywhere;
}

std::string names_of(bool (*wanted)(Position)) {
  std::string names;
  for (const auto& [name, kind] : kinds()) {
    if (wanted(kind.position)) names += (names.empty() ? "" : ", ") + name;
  }
  return names;
}

void check_position(const ModuleEntry& entry, Position position, const FeatureSizes& sizes,
                    const std::string& function) {
  const std::string start = "[" + function + "] " + entry.name + " is " + in_quotes(entry.type);
  const bool is_first =
      sizes.token_embeddings == 0 && sizes.sentence_embedding == 0 && sizes.words == 0;
  if (is_first && !may_be_first(position)) {
    throw UnsupportedError(start + "; known as the first module: " + names_of(may_be_first));
  }
  if (is_first) return;
  if (position == Position::first) {
    throw UnsupportedError(start + "; expected it as the first module alone");
  }
  if ((position == Position::behind_words) != (sizes.words > 0)) {
    throw UnsupportedError(start + (sizes.words > 0
                                        ? "; expected SpladePooling behind a Transformer of task "
                                          "fill-mask"
                                        : "; expected it behind a Transformer of task fill-mask"));
  }
  if (position == Position::behind_sentences && sizes.sentence_embedding == 0) {
    throw LoadError(start + "; expected a Pooling module before it");
  }
  const bool needs_all = position == Position::behind_tokens;
  if ((needs_all || position == Position::behind_some_tokens) && sizes.token_embeddings == 0) {
    throw LoadError(start + "; expected a module before it that embeds tokens");
  }
  if (needs_all && sizes.some_tokens) {
    throw UnsupportedError(start + "; expected it before modules that take tokens away");
  }
}

}  // namespace

std::string module_class(const std::string& type) {
  return type.substr(type.rfind('.') + 1);  // npos + 1 is 0
}

void check_trusted(const ModuleEntry& entry, const std::string& function) {
  // PyLate's Dense became sentence-transformers'.
  const bool known = entry.type.find('.') == entry.type.npos ||
                     entry.type.starts_with("sentence_transformers.") ||
                     entry.type == "pylate.models.Dense.Dense";
  if (known) return;
  throw UnsupportedError("[" + function + "] " + entry.name + " is " + in_quotes(entry.type) +
                         ", a class of the model's own, which Python loads only with "
                         "trust_remote_code; known: those of sentence_transformers");
}

std::shared_ptr<Module> make_module(const ModuleEntry& entry, const FeatureSizes& sizes,
                                    const std::string& function) {
  check_trusted(entry, function);
  const auto found = kinds().find(module_class(entry.type));
  if (found == kinds().end()) {
    throw UnsupportedError("[" + function + "] " + entry.name + " is " + in_quotes(entry.type) +
                           "; known: " + names_of([](Position) { return true; }));
  }
  check_position(entry, found->second.position, sizes, function);
  return found->second.make(entry.folder, sizes);
}

}  // namespace sentence_transformers
