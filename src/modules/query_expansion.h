// How long the texts of a task are: limits of their own for queries and documents, and queries that
// are filled up with tokens, as ColBERT (arXiv 2004.12832) has them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/config.h"

namespace sentence_transformers {

/// Fills queries up to `length` tokens.
struct QueryExpansion {
  int64_t length = 32;
  bool fixed = true;    // cuts longer queries to it ("fixed"), or leaves them ("min")
  bool attend = false;  // are the tokens attended to?
  std::optional<std::string> token = std::nullopt;  // else the mask token, or the end's
};

/// Of a Transformer, as sentence-transformers 6.2's base/modules/transformer.py has them.
struct TaskLengths {
  std::optional<int64_t> query, document;  // instead of the max_seq_length of other texts
  std::optional<QueryExpansion> expansion = std::nullopt;

  /// "query_length", "document_length" and "query_expansion" of a configuration, those of
  /// `fallback` where a key is missing. Throws LoadError for malformed values, and for a
  /// query_length below the expansion's.
  static TaskLengths read(const Config& config, const TaskLengths& fallback);
  /// Adds the keys that say something.
  void write(nlohmann::ordered_json& settings) const;
};

}  // namespace sentence_transformers
