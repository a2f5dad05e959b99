// sentencepiece's model files (sentencepiece.bpe.model, spiece.model). Read by a protobuf reader of
// its own for the few fields that are wanted: ids and cuts are Hugging Face's, which differ from
// those of the sentencepiece library, so that linking it would bring nothing but its parser.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace sentence_transformers {

struct SentencePiece {
  enum Type { normal = 1, unknown = 2, control = 3, user_defined = 4, unused = 5, byte = 6 };

  std::string text;
  float score = 0;
  int type = normal;
};

struct SentencePieceFile {
  std::vector<SentencePiece> pieces;
  std::string character_map;  // the normalizer's, for Precompiled; may be empty
};

/// Throws LoadError for a file that is none or is cut short.
SentencePieceFile read_sentencepiece_file(const std::filesystem::path& path);

}  // namespace sentence_transformers
