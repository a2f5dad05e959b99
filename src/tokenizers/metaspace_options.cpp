#include "tokenizers/metaspace_options.h"

#include <sentence_transformers/error.h>

#include "core/utf8.h"

namespace sentence_transformers {
namespace {

PrependScheme read_scheme(const Config& config) {
  const auto name = config.get<std::string>("prepend_scheme", "always");
  if (name == "always") return PrependScheme::always;
  if (name == "first") return PrependScheme::first;
  if (name == "never") return PrependScheme::never;
  throw LoadError("[Tokenizer] " + config.name("prepend_scheme") + " is \"" + name +
                  "\"; expected always, first or never");
}

}  // namespace

MetaspaceOptions read_metaspace_options(const Config& config) {
  const MetaspaceOptions options{.replacement = config.require<std::string>("replacement"),
                                 .prepend = read_scheme(config),
                                 .split = config.get<bool>("split", true)};
  if (utf8_length(options.replacement) != 1) {
    throw LoadError("[Tokenizer] " + config.name("replacement") + " is \"" + options.replacement +
                    "\"; expected one character");
  }
  if (options.prepend != PrependScheme::never && !config.get<bool>("add_prefix_space", true)) {
    throw LoadError("[Tokenizer] " + config.name("add_prefix_space") +
                    " is false; expected the prepend_scheme never with it");
  }
  return options;
}

}  // namespace sentence_transformers
