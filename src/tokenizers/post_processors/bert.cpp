// BertProcessing and RobertaProcessing: one token before the first text, others behind and between.
#include <sentence_transformers/error.h>

#include "tokenizers/post_processors/makers.h"

namespace sentence_transformers {
namespace {

/// The "cls" or "sep" of ["[SEP]", 102].
int64_t read_id(const Config& processor, const char* key, int64_t vocab_size) {
  const nlohmann::json pair = processor.json().value(key, nlohmann::json());
  if (!pair.is_array() || pair.size() != 2) {
    throw LoadError("[Tokenizer] " + processor.name(key) + ": expected [token, id]");
  }
  return check_token_id(pair[1], vocab_size, processor.name(key));
}

}  // namespace

Template bert_processing(const Config& config, Template, int64_t vocab_size) {
  using enum TemplatePiece::Kind;
  const int64_t cls = read_id(config, "cls", vocab_size), sep = read_id(config, "sep", vocab_size);
  return {.single = {{special, cls}, {first}, {special, sep}},
          .pair = {{special, cls}, {first}, {special, sep}, {second, 0, 1}, {special, sep, 1}}};
}

Template roberta_processing(const Config& config, Template, int64_t vocab_size) {
  using enum TemplatePiece::Kind;
  const int64_t cls = read_id(config, "cls", vocab_size), sep = read_id(config, "sep", vocab_size);
  return {
      .single = {{special, cls}, {first}, {special, sep}},
      .pair = {{special, cls}, {first}, {special, sep}, {special, sep}, {second}, {special, sep}}};
}

}  // namespace sentence_transformers
