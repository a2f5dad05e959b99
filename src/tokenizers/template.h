// Where special tokens stand around one text or two.
#pragma once

#include <cstdint>
#include <vector>

namespace sentence_transformers {

struct TemplatePiece {
  enum Kind { special, first, second } kind;
  int64_t id = 0;  // of a special token
  int64_t type_id = 0;
};

struct Template {
  std::vector<TemplatePiece> single, pair;
};

}  // namespace sentence_transformers
