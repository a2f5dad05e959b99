// Sentence embeddings scaled to length 1.
#pragma once

#include "modules/module.h"

namespace sentence_transformers {

class Normalize : public Module {
 public:
  void forward(Features& features) const override;
  std::string type() const override { return "Normalize"; }
};

}  // namespace sentence_transformers
