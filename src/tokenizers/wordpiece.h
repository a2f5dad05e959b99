// WordPiece (Schuster and Nakajima, 2012) behind BERT's cleaning: the longest piece first, or [UNK]
// for the whole word.
#pragma once

#include "tokenizers/bert_text.h"
#include "tokenizers/pipeline.h"

namespace sentence_transformers {

struct WordPieceOptions {
  BertTextOptions text = {};
  std::string continuing_subword_prefix = "##";
  int64_t max_input_chars_per_word = 100;
  int64_t unk_id = 0;
  bool clean_up_when_decoding = true;
};

std::unique_ptr<Pipeline> make_wordpiece(const WordPieceOptions& options,
                                         const Vocabulary& vocabulary);

}  // namespace sentence_transformers
