// WordLevel: each piece is a token of its own, or the unknown one.
#include "tokenizers/models/makers.h"
#include "tokenizers/models/piece_table.h"

namespace sentence_transformers {
namespace {

class WordLevel : public Model {
 public:
  explicit WordLevel(const ModelParts& parts)
      : unk_id_(require_token(parts, parts.config.require<std::string>("unk_token"), "unk_token")) {
    table_.build({parts.vocabulary.begin(), parts.vocabulary.end()});
  }

  void tokenize(std::string_view piece, std::vector<int64_t>& ids) const override {
    const int32_t id = table_.find(piece);
    ids.push_back(id >= 0 ? id : unk_id_);
  }

 private:
  int64_t unk_id_;
  PieceTable table_;
};

}  // namespace

std::unique_ptr<Model> make_word_level(const ModelParts& parts) {
  return std::make_unique<WordLevel>(parts);
}

}  // namespace sentence_transformers
