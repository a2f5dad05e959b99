#include "modules/normalize.h"

#include <sentence_transformers/similarity.h>

namespace sentence_transformers {

void Normalize::forward(Features& features) const {
  features.sentence_embedding = util::normalize_embeddings(features.sentence_embedding);
}

}  // namespace sentence_transformers
