// What the Metaspace pre-tokenizer and decoder have in common.
#pragma once

#include <string>

#include "core/config.h"

namespace sentence_transformers {

/// Which pieces get a visible space in front if they have none.
enum class PrependScheme { always, first, never };

struct MetaspaceOptions {
  std::string replacement = "\u2581";
  PrependScheme prepend = PrependScheme::always;
  bool split = true;
};

/// As tokenizer.json writes them, older forms too. Throws LoadError for what contradicts itself.
MetaspaceOptions read_metaspace_options(const Config& config);

}  // namespace sentence_transformers
