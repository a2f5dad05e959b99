// Several pre-tokenizers: each splits the pieces of the one before it.
#include <span>

#include "tokenizers/pre_tokenizers/makers.h"
#include "tokenizers/stage_table.h"

namespace sentence_transformers {
namespace {

using Members = std::vector<std::unique_ptr<PreTokenizer>>;

class Sequence : public PreTokenizer {
 public:
  explicit Sequence(Members members) : members_(std::move(members)) {}

  void split(Stretch stretch, StretchSink sink) const override {
    split_by(members_, stretch, sink);
  }

  bool ends_in_bytes() const override {
    return !members_.empty() && members_.back()->ends_in_bytes();
  }
  void leave_bytes() override { members_.back()->leave_bytes(); }

 private:
  static void split_by(std::span<const std::unique_ptr<PreTokenizer>> members, Stretch stretch,
                       StretchSink sink) {
    if (members.empty()) return sink(stretch);
    members.front()->split(stretch, [&](Stretch piece) {
      if (!piece.text.empty()) split_by(members.subspan(1), piece, sink);
    });
  }

  Members members_;
};

}  // namespace

std::unique_ptr<PreTokenizer> make_pre_tokenizer_sequence(const Config& config) {
  Members members;
  for (const Config& member : read_stages(config, "pretokenizers")) {
    members.push_back(make_pre_tokenizer(member));
  }
  return std::make_unique<Sequence>(std::move(members));
}

}  // namespace sentence_transformers
