// Unigram's vocabulary: tokens and their scores, from tokenizer.json.
#pragma once

#include <string_view>
#include <vector>

#include "tokenizers/models/model.h"

namespace sentence_transformers {

struct UnigramVocabulary {
  Vocabulary tokens;           // the place in the list is the id
  std::vector<double> scores;  // by id

  void add(std::string token, double score) {
    tokens.emplace_back(std::move(token), static_cast<int64_t>(tokens.size()));
    scores.push_back(score);
  }
};

/// How decimal digits become a double. Python finds the nearest one. Hugging Face's tokenizers
/// library, which reads a file that counts as it stands, scales an integer by a power of ten, and
/// its result may be the nearest one's neighbour; where two ways to cut a text are equally good,
/// that decides.
enum class ScoreReading { nearest, scaled };

/// tokenizer.json's, taken out of `object`. Throws LoadError for what is no [token, score].
UnigramVocabulary read_json_unigram(const Config& model, InnerObject& object, ScoreReading reading);

/// A JSON number by `reading`; infinite or NaN if it is none or beyond all doubles.
double read_score(std::string_view digits, ScoreReading reading);

}  // namespace sentence_transformers
