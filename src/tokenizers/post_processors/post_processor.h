// The fourth stage: where special tokens stand around one text or two.
#pragma once

#include <cstdint>
#include <vector>

#include "core/config.h"

namespace sentence_transformers {

struct TemplatePiece {
  enum Kind { special, first, second } kind;
  int64_t id = 0;  // of a special token
  int64_t type_id = 0;
};

/// What every post-processor comes down to. Without one, a text stands alone, and the second text
/// of a pair has type 1.
struct Template {
  std::vector<TemplatePiece> single = {{TemplatePiece::first}};
  std::vector<TemplatePiece> pair = {{TemplatePiece::first}, {TemplatePiece::second, 0, 1}};
};

/// What a post-processor of tokenizer.json makes of the template before it. Ids must be below
/// `vocab_size`. Throws UnsupportedError for an unknown type.
Template apply_post_processor(const Config& config, Template before, int64_t vocab_size);

}  // namespace sentence_transformers
