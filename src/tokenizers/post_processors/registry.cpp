// The table of post-processors.
#include <sentence_transformers/error.h>

#include <utility>

#include "tokenizers/post_processors/makers.h"
#include "tokenizers/stage_table.h"

namespace sentence_transformers {
namespace {

struct PostProcessorRow {
  std::string_view type;
  Template (*apply)(const Config&, Template, int64_t);
};

/// ByteLevel only moves the offsets of tokens, which are not kept here.
Template unchanged(const Config&, Template before, int64_t) { return before; }

constexpr PostProcessorRow kPostProcessors[] = {
    {"BertProcessing", bert_processing},         {"ByteLevel", unchanged},
    {"RobertaProcessing", roberta_processing},   {"Sequence", post_processor_sequence},
    {"TemplateProcessing", template_processing},
};

}  // namespace

Template apply_post_processor(const Config& config, Template before, int64_t vocab_size) {
  const auto type = config.require<std::string>("type");
  std::string known;
  for (const PostProcessorRow& row : kPostProcessors) {
    if (row.type == type) return row.apply(config, std::move(before), vocab_size);
    known += (known.empty() ? "" : ", ") + std::string(row.type);
  }
  throw UnsupportedError("[Tokenizer] " + config.name("type") + " is \"" + type +
                         "\"; known: " + known);
}

Template post_processor_sequence(const Config& config, Template before, int64_t vocab_size) {
  for (const Config& member : read_stages(config, "processors")) {
    before = apply_post_processor(member, std::move(before), vocab_size);
  }
  return before;
}

int64_t check_token_id(const nlohmann::json& id, int64_t vocab_size, const std::string& name) {
  if (id.is_number_integer() && id >= 0 && id < vocab_size) return id.get<int64_t>();
  throw LoadError("[Tokenizer] " + name + ": expected an id from 0 to " +
                  std::to_string(vocab_size - 1) + ", found " + shown(id));
}

}  // namespace sentence_transformers
