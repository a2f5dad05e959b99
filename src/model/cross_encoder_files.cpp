#include "model/cross_encoder_files.h"

#include <sentence_transformers/error.h>

#include <stdexcept>

#include "core/files.h"
#include "core/quoted.h"
#include "modules/logit_score.h"

namespace sentence_transformers {
namespace {

namespace fs = std::filesystem;

const std::string kCrossEncoder = "CrossEncoder";
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
  throw UnsupportedError("[" + kCrossEncoder + "] " + config.name(key) + " is " + in_quotes(*type) +
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

/// Of a bare checkpoint that is a language model: yes, less no.
std::shared_ptr<LogitScore> default_score(const fs::path& folder) {
  const Config config = Config::read(folder / "config.json");
  const nlohmann::json names = config.json().value("architectures", nlohmann::json());
  if (!names.is_array() || names.empty() || !names[0].is_string() ||
      !names[0].get_ref<const std::string&>().ends_with("ForCausalLM")) {
    return nullptr;
  }
  const Tokenizer tokenizer = Tokenizer::from_pretrained(folder);
  const auto yes = tokenizer.token_to_id("yes"), no = tokenizer.token_to_id("no");
  if (!yes || !no) {
    throw UnsupportedError("[" + kCrossEncoder + "] " + folder.string() +
                           " is a language model whose tokenizer has no tokens \"yes\" and \"no\"; "
                           "a LogitScore in modules.json can name others");
  }
  return std::make_shared<LogitScore>(LogitScoreConfig{*yes, no});
}

}  // namespace

CrossEncoderParts read_cross_encoder(const fs::path& folder, const CrossEncoderOptions& options) {
  std::optional<Config> settings = read_settings(folder);
  const bool saved_as_one =
      file_exists(folder / "modules.json") && model_type(settings) == kCrossEncoder;
  fs::path own = folder;
  std::shared_ptr<LogitScore> score;
  if (saved_as_one) {
    const std::vector<ModuleEntry> modules = read_module_list(folder, kCrossEncoder);
    const bool begins_well = module_class(modules[0].type) == "Transformer";
    if (begins_well && modules.size() > 1 && module_class(modules[1].type) == "LogitScore") {
      score = std::make_shared<LogitScore>(modules[1].folder);
    }
    if (const size_t known = score ? 2 : begins_well ? 1 : 0; modules.size() > known) {
      throw UnsupportedError("[" + kCrossEncoder + "] " + modules[known].name + " is " +
                             in_quotes(modules[known].type) +
                             "; known: one Transformer with a classification head, or with "
                             "LogitScore behind it");
    }
    own = modules[0].folder;
  } else {
    settings.reset();
    score = default_score(folder);
  }
  if (score && options.num_labels && *options.num_labels != 1) {
    throw std::invalid_argument("[" + kCrossEncoder + "] num_labels is " +
                                std::to_string(*options.num_labels) +
                                "; a language model's score has 1");
  }

  CrossEncoderParts parts;
  parts.transformer = Transformer::with_head(own, options.num_labels, saved_as_one,
                                             score ? std::optional(score->config()) : std::nullopt);
  parts.modules = {parts.transformer};
  if (score) parts.modules.push_back(score);
  if (options.max_length) parts.transformer->set_max_seq_length(*options.max_length, kCrossEncoder);
  if (settings) read_prompts(*settings, kCrossEncoder, parts);
  parts.activation = choose_activation(options.activation, settings, *parts.transformer);
  // As save_pretrained shall write it, for sentence-transformers 4 and 5 as well.
  parts.transformer->set_config(kOldKey, nullptr);
  parts.transformer->set_config(kSection, {{"activation_fn", python_name(parts.activation)}});
  return parts;
}

void write_cross_encoder(const CrossEncoderParts& parts, const fs::path& folder) {
  write_folder(parts, kCrossEncoder, {{"activation_fn", python_name(parts.activation)}}, folder);
}

}  // namespace sentence_transformers
