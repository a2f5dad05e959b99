// TemplateProcessing: special tokens and texts in the order that a list gives.
#include <sentence_transformers/error.h>

#include <algorithm>

#include "core/quoted.h"
#include "tokenizers/post_processors/makers.h"
#include "tokenizers/stage_table.h"

namespace sentence_transformers {
namespace {

int64_t read_type_id(const Config& piece) {
  const auto type_id = piece.get<int64_t>("type_id", 0);
  if (type_id == 0 || type_id == 1) return type_id;
  throw LoadError("[Tokenizer] " + piece.name("type_id") + ": expected 0 or 1, found " +
                  std::to_string(type_id));
}

void append_special(const Config& special, const Config& processor, int64_t vocab_size,
                    std::vector<TemplatePiece>& pieces) {
  const Config known = processor.at("special_tokens").at(special.require<std::string>("id"));
  const nlohmann::json ids = known.json().value("ids", nlohmann::json());
  if (!ids.is_array() || ids.empty()) {
    throw LoadError("[Tokenizer] " + known.name("ids") + ": expected a list of ids");
  }
  for (const nlohmann::json& id : ids) {
    pieces.push_back({TemplatePiece::special, check_token_id(id, vocab_size, known.name("ids")),
                      read_type_id(special)});
  }
}

/// The list under "single" or "pair".
std::vector<TemplatePiece> read_template(const Config& processor, const char* key, bool pair,
                                         int64_t vocab_size) {
  std::vector<TemplatePiece> pieces;
  for (const Config& piece : read_stages(processor, key)) {
    if (!piece.has("Sequence")) {
      append_special(piece.at("SpecialToken"), processor, vocab_size, pieces);
      continue;
    }
    const Config sequence = piece.at("Sequence");
    const auto id = sequence.require<std::string>("id");
    const auto kind = id == "A" ? TemplatePiece::first : TemplatePiece::second;
    const bool again = std::any_of(pieces.begin(), pieces.end(),
                                   [&](const TemplatePiece& p) { return p.kind == kind; });
    if (again || (id != "A" && (id != "B" || !pair))) {
      throw LoadError("[Tokenizer] " + sequence.name("id") + " is " + in_quotes(id) +
                      "; expected " + (pair ? "A and B" : "A alone") + ", each of them once");
    }
    pieces.push_back({kind, 0, read_type_id(sequence)});
  }
  return pieces;
}

}  // namespace

Template template_processing(const Config& config, Template, int64_t vocab_size) {
  return {.single = read_template(config, "single", false, vocab_size),
          .pair = read_template(config, "pair", true, vocab_size)};
}

}  // namespace sentence_transformers
