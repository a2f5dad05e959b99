// The list of architectures, and what is the same for all: finding one by its name, its place in a
// checkpoint, and that nothing of the checkpoint is left over.
#include <sentence_transformers/error.h>

#include <algorithm>
#include <array>
#include <set>
#include <stdexcept>

#include "core/quoted.h"
#include "encoders/architecture.h"
#include "encoders/logit_head.h"

namespace sentence_transformers {
namespace {

const std::vector<const Architecture*>& architectures() {
  static const std::vector<const Architecture*> list = {
      &kAlbert, &kBert,      &kDebertaV2, &kDistilBert, &kElectra,    &kEuroBert,
      &kGemma3, &kGte,       &kLlama,     &kMistral,    &kModernBert, &kMpnet,
      &kNew,    &kNomicBert, &kQwen2,     &kQwen3,      &kRoberta,    &kT5};
  return list;
}

/// An architecture under the name that a config has for it.
struct Found {
  const Architecture& architecture;
  const ModelType& type;
};

Found find_architecture(const Config& config) {
  const auto type = config.require<std::string>("model_type");
  std::set<std::string> known;
  for (const Architecture* architecture : architectures()) {
    for (const ModelType& row : architecture->model_types) {
      if (row.name == type) return {*architecture, row};
      known.insert(row.name);
    }
  }
  std::string names;
  for (const std::string& name : known) names += (names.empty() ? "" : ", ") + name;
  throw UnsupportedError("[make_encoder] " + config.name("model_type") + " is " + in_quotes(type) +
                         "; known: " + names);
}

/// What stands before the encoder's names in this checkpoint.
std::string find_prefix(const Architecture& row, const Weights& weights) {
  // sentence-transformers' own wrapper names its model auto_model.
  const std::array<std::string, 5> prefixes = {"", row.prefix,
                                               row.other_prefix ? row.other_prefix : row.prefix,
                                               "auto_model", "0.auto_model"};
  const auto prefix = std::find_if(prefixes.begin(), prefixes.end(), [&](const std::string& p) {
    return (weights / p).contains(row.probe);
  });
  return prefix == prefixes.end() ? "" : *prefix;
}

/// Every tensor of `weights` was taken, but for those that may be left.
void check_all_taken(const Architecture& row, const Config& config, const Weights& weights,
                     const std::string& prefix) {
  for (const std::string& name : weights.unused()) {
    std::string_view local = name;
    if (!prefix.empty() && local.starts_with(prefix + ".")) local.remove_prefix(prefix.size() + 1);
    const bool known = std::any_of(row.optional.begin(), row.optional.end(),
                                   [&](const char* start) { return local.starts_with(start); });
    if (!known) {
      throw LoadError("[make_encoder] " + weights.file().string() + ": unexpected tensor \"" +
                      name + "\": \"" + config.get<std::string>("model_type", "") + "\" with " +
                      config.file().string() + " does not have it");
    }
  }
}

/// Does one of config.json's `architectures` end so?
bool has_architecture(const Config& config, std::string_view end) {
  const nlohmann::json names = config.json().value("architectures", nlohmann::json());
  return std::any_of(names.begin(), names.end(), [&](const auto& name) {
    return name.is_string() && name.template get_ref<const std::string&>().ends_with(end);
  });
}

}  // namespace

std::shared_ptr<Encoder> make_encoder(const Config& config, const Weights& weights) {
  const Architecture& row = find_architecture(config).architecture;
  const std::string prefix = find_prefix(row, weights);
  auto encoder = row.make(config, weights / prefix);
  check_all_taken(row, config, weights / prefix, prefix);
  return encoder;
}

Classifier make_classifier(const Config& config, const Weights& weights,
                           std::optional<int64_t> num_labels) {
  const auto [row, type] = find_architecture(config);
  const std::string prefix = find_prefix(row, weights);
  if (!row.make_head) {
    throw UnsupportedError("[CrossEncoder] " + config.name("model_type") + " is \"" + type.name +
                           "\", which has no classification head here");
  }
  const bool has_head = weights.contains(row.head_probe);
  if (num_labels && *num_labels < 1) {
    throw std::invalid_argument("[CrossEncoder] num_labels is " + std::to_string(*num_labels) +
                                "; expected at least 1");
  }
  if (!has_head && !num_labels) {
    throw UnsupportedError("[CrossEncoder] " + weights.file().string() + " has no \"" +
                           row.head_probe +
                           "\": it is no cross-encoder. To train one from it, set num_labels");
  }
  const int64_t labels = has_head ? count_labels(config) : *num_labels;
  if (num_labels && *num_labels != labels) {
    throw std::invalid_argument("[CrossEncoder] num_labels is " + std::to_string(*num_labels) +
                                "; the head of " + weights.file().string() + " has " +
                                std::to_string(labels));
  }
  Classifier result{row.make(config, weights / prefix), nullptr, row.prefix, type.classifier};
  result.head = row.make_head({config, weights, *result.encoder, labels, !has_head});
  check_all_taken(row, config, has_head ? weights : weights / prefix, prefix);
  return result;
}

Classifier make_logit_scorer(const Config& config, const Weights& weights,
                             const LogitScoreConfig& score) {
  const auto [row, type] = find_architecture(config);
  if (!type.language_model) {
    throw UnsupportedError("[CrossEncoder] " + config.name("model_type") + " is \"" + type.name +
                           "\", which has no scores by logits here");
  }
  const std::string prefix = find_prefix(row, weights);
  Classifier result{row.make(config, weights / prefix), nullptr, row.prefix, type.language_model};
  result.head = make_logit_head(config, weights, *result.encoder, score);
  check_all_taken(row, config, weights / prefix, prefix);
  return result;
}

MaskedLanguageModel make_masked_language_model(const Config& config, const Weights& weights) {
  const auto [row, type] = find_architecture(config);
  if (!row.language_head || !type.masked_language_model) {
    throw UnsupportedError("[make_encoder] " + config.name("model_type") + " is \"" + type.name +
                           "\", which has no scores of words (fill-mask) here");
  }
  const std::string prefix = find_prefix(row, weights);
  MaskedLanguageModel result{row.make(config, weights / prefix), nullptr, row.prefix,
                             type.masked_language_model};
  LanguageHeadConfig head = row.language_head(config);
  head.ties_words = config.get<bool>("tie_word_embeddings", true);
  result.head = make_language_head(head, weights, *result.encoder);
  // What other tasks have beside, and the decoder's other names for the same numbers.
  Architecture with_more = row;
  for (const std::string* name : {&head.decoder, &head.bias}) {
    if (!name->empty()) with_more.optional.push_back(name->c_str());
  }
  with_more.optional.push_back("cls.seq_relationship.");
  check_all_taken(with_more, config, weights, prefix);
  return result;
}

bool is_masked_language_model(const Config& config) {
  return has_architecture(config, "ForMaskedLM");
}

int64_t count_labels(const Config& config) {
  if (const auto count = config.find<int64_t>("num_labels")) return *count;
  if (config.has("id2label")) return static_cast<int64_t>(config.at("id2label").json().size());
  // transformers leaves the key out for two labels, which only a classifier of its own means.
  return has_architecture(config, "ForSequenceClassification") ? 2 : 1;
}

}  // namespace sentence_transformers
