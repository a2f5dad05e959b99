// WordPiece (Schuster and Nakajima, 2012): the longest piece first, or the unknown token for the
// whole word.
#pragma once

#include "tokenizers/models/model.h"
#include "tokenizers/models/piece_table.h"

namespace sentence_transformers {

class WordPiece final : public Model {
 public:
  /// Throws LoadError if the vocabulary lacks the unknown token.
  explicit WordPiece(const ModelParts& parts);

  void tokenize(std::string_view word, std::vector<int64_t>& ids) const override;

  /// The same for a word of known length; `prefix_hashes` is memory to work in.
  void tokenize(std::string_view word, size_t characters, std::vector<uint64_t>& prefix_hashes,
                std::vector<int64_t>& ids) const {
    if (characters > longest_word_) {
      ids.push_back(unk_id_);
    } else {
      pieces(word, prefix_hashes, ids);
    }
  }

 private:
  void pieces(std::string_view word, std::vector<uint64_t>& prefix_hashes,
              std::vector<int64_t>& ids) const;

  size_t longest_word_;  // in characters
  int64_t unk_id_;
  PieceTable first_, next_;  // of a word's beginning, of what follows
  std::vector<uint64_t> powers_;
};

}  // namespace sentence_transformers
