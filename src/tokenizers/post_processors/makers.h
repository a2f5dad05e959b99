// The rows of the post-processors' table, each in the file of its kind.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "tokenizers/post_processors/post_processor.h"

namespace sentence_transformers {

Template bert_processing(const Config& config, Template before, int64_t vocab_size);
Template roberta_processing(const Config& config, Template before, int64_t vocab_size);
Template template_processing(const Config& config, Template before, int64_t vocab_size);
Template post_processor_sequence(const Config& config, Template before, int64_t vocab_size);

/// An id, which must be one of the tokens; throws LoadError with `name` if it is not.
int64_t check_token_id(const nlohmann::json& id, int64_t vocab_size, const std::string& name);

}  // namespace sentence_transformers
