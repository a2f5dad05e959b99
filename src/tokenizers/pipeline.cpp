#include "tokenizers/pipeline.h"

#include <algorithm>

#include "core/utf8.h"
#include "tokenizers/bert_pipeline.h"
#include "tokenizers/normalizers/normalizer.h"
#include "tokenizers/pre_tokenizers/pre_tokenizer.h"

namespace sentence_transformers {
namespace {

using nlohmann::json;

/// Calls `then` with the text, its invalid parts replaced.
template <class Then>
void with_valid_utf8(Stretch stretch, Then then) {
  if (is_valid_utf8(stretch.text)) return then(stretch);
  std::string valid;
  for (size_t i = 0; i < stretch.text.size();) append_utf8(valid, decode_utf8(stretch.text, i));
  then(Stretch{valid, stretch.at_start});
}

class StagedPipeline : public Pipeline {
 public:
  StagedPipeline(const PipelineConfig& config, ModelParts parts) {
    if (config.normalizer) normalizer_ = make_normalizer(*config.normalizer);
    if (config.pre_tokenizer) pre_tokenizer_ = make_pre_tokenizer(*config.pre_tokenizer);
    parts.byte_level = pre_tokenizer_ && pre_tokenizer_->ends_in_bytes();
    model_ = make_model(parts);
    if (model_->takes_bytes()) pre_tokenizer_->leave_bytes();
  }

  void encode(Stretch text, std::vector<int64_t>& ids) const override {
    normalize(text, [&](Stretch normalized) { encode_normalized(normalized, ids); });
  }

  void normalize(Stretch text, StretchSink sink) const override {
    with_valid_utf8(text, [&](Stretch valid) {
      if (!normalizer_) return sink(valid);
      NormalizedText normalized(valid);
      normalizer_->normalize(normalized);
      sink(normalized.stretch());
    });
  }

  void encode_normalized(Stretch text, std::vector<int64_t>& ids) const override {
    const auto tokenize = [&](Stretch piece) {
      if (!piece.text.empty()) model_->tokenize(piece.text, ids);
    };
    if (text.text.empty()) return;
    pre_tokenizer_ ? pre_tokenizer_->split(text, tokenize) : tokenize(text);
  }

 private:
  std::unique_ptr<Normalizer> normalizer_;
  std::unique_ptr<PreTokenizer> pre_tokenizer_;
  std::unique_ptr<Model> model_;
};

bool is(const std::optional<Config>& stage, const char* type) {
  return stage && stage->find<std::string>("type") == type;
}

bool is_lowercase(const json& normalizer) {
  return normalizer.is_object() && normalizer.value("type", json()) == "Lowercase";
}

}  // namespace

std::unique_ptr<Pipeline> make_pipeline(const PipelineConfig& config, ModelParts parts) {
  if (is(config.normalizer, "BertNormalizer") && is(config.pre_tokenizer, "BertPreTokenizer") &&
      model_type(parts.config) == "WordPiece") {
    return make_bert_pipeline(*config.normalizer, parts);
  }
  return std::make_unique<StagedPipeline>(config, std::move(parts));
}

PipelineConfig with_lowercase(PipelineConfig config) {
  json lowercase = {{"type", "Lowercase"}};
  if (!config.normalizer) {
    config.normalizer.emplace(std::move(lowercase), "", "normalizer");
    return config;
  }
  const Config normalizer = *config.normalizer;
  json changed = normalizer.json();
  if (is(config.normalizer, "BertNormalizer")) {
    // The same as lowercasing first, and one pass. Accents stay where they would have stayed.
    changed["strip_accents"] =
        normalizer.get<bool>("strip_accents", normalizer.get<bool>("lowercase", true));
    changed["lowercase"] = true;
  } else if (is(config.normalizer, "Sequence") && changed.value("normalizers", json()).is_array()) {
    json& members = changed["normalizers"];
    if (std::none_of(members.begin(), members.end(), is_lowercase)) {
      members.insert(members.begin(), std::move(lowercase));
    }
  } else if (!is_lowercase(changed)) {
    changed = {{"type", "Sequence"}, {"normalizers", {std::move(lowercase), std::move(changed)}}};
  }
  config.normalizer.emplace(std::move(changed), normalizer.file(), "normalizer");
  return config;
}

}  // namespace sentence_transformers
