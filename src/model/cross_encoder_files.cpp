#include "model/cross_encoder_files.h"

#include <sentence_transformers/error.h>

#include "core/files.h"
#include "core/quoted.h"

namespace sentence_transformers {
namespace {

namespace fs = std::filesystem;

const std::string kFunction = "CrossEncoder";
constexpr const char* kSigmoid = "torch.nn.modules.activation.Sigmoid";
constexpr const char* kIdentity = "torch.nn.modules.linear.Identity";
// Where config.json names the activation: since sentence-transformers 4, and before.
constexpr const char* kSection = "sentence_transformers";
constexpr const char* kOldKey = "sbert_ce_default_activation_function";

const char* python_name(ScoreActivation activation) {
  return activation == ScoreActivation::sigmoid ? kSigmoid : kIdentity;
}

/// The activation that a key names, if it is there. Python's class counts, whatever its module.
std::optional<ScoreActivation> find_activation(const Config& config, const std::string& key) {
  const auto type = config.find<std::string>(key);
  if (!type) return std::nullopt;
  if (type->starts_with("torch.nn.")) {
    const std::string name = type->substr(type->rfind('.') + 1);
    if (name == "Sigmoid") return ScoreActivation::sigmoid;
    if (name == "Identity") return ScoreActivation::identity;
  }
  throw UnsupportedError("[" + kFunction + "] " + config.name(key) + " is " + in_quotes(*type) +
                         "; known: " + kSigmoid + ", " + kIdentity +
                         ". CrossEncoderOptions::activation can replace it");
}

/// config.json's; an activation that the newer section speaks of, even as null, hides the older
/// key.
std::optional<ScoreActivation> find_activation(const Config& config) {
  if (config.has(kSection)) {
    const Config section = config.at(kSection);
    if (section.json().contains("activation_fn")) return find_activation(section, "activation_fn");
  }
  return find_activation(config, kOldKey);
}

ScoreActivation choose_activation(const std::optional<ScoreActivation>& wanted,
                                  const std::optional<Config>& settings,
                                  const Transformer& transformer) {
  auto activation = wanted;
  if (!activation && settings) activation = find_activation(*settings, "activation_fn");
  if (!activation) activation = find_activation(transformer.config());
  return activation.value_or(transformer.num_labels() == 1 ? ScoreActivation::sigmoid
                                                           : ScoreActivation::identity);
}

}  // namespace

CrossEncoderParts read_cross_encoder(const fs::path& folder, const CrossEncoderOptions& options) {
  std::optional<Config> settings = read_settings(folder);
  const bool saved_as_one =
      file_exists(folder / "modules.json") && model_type(settings) == kFunction;
  fs::path own = folder;
  if (saved_as_one) {
    const std::vector<ModuleEntry> modules = read_module_list(folder, kFunction);
    const bool begins_well = module_class(modules[0].type) == "Transformer";
    if (modules.size() > 1 || !begins_well) {
      const ModuleEntry& other = modules[begins_well ? 1 : 0];
      throw UnsupportedError("[" + kFunction + "] " + other.name + " is " + in_quotes(other.type) +
                             "; known: one Transformer with a classification head");
    }
    own = modules[0].folder;
  } else {
    settings.reset();
  }

  CrossEncoderParts parts;
  parts.transformer = Transformer::with_head(own, options.num_labels, saved_as_one);
  parts.modules = {parts.transformer};
  if (options.max_length) parts.transformer->set_max_seq_length(*options.max_length, kFunction);
  if (settings) read_prompts(*settings, kFunction, parts);
  parts.activation = choose_activation(options.activation, settings, *parts.transformer);
  // As save_pretrained shall write it, for sentence-transformers 4 and 5 as well.
  parts.transformer->set_config(kOldKey, nullptr);
  parts.transformer->set_config(kSection, {{"activation_fn", python_name(parts.activation)}});
  return parts;
}

void write_cross_encoder(const CrossEncoderParts& parts, const fs::path& folder) {
  write_folder(parts, kFunction, {{"activation_fn", python_name(parts.activation)}}, folder);
}

}  // namespace sentence_transformers
