// Several normalizers, one after the other.
#include "tokenizers/normalizers/makers.h"
#include "tokenizers/stage_table.h"

namespace sentence_transformers {
namespace {

class Sequence : public Normalizer {
 public:
  explicit Sequence(std::vector<std::unique_ptr<Normalizer>> members)
      : members_(std::move(members)) {}
  void normalize(NormalizedText& text) const override {
    for (const auto& member : members_) member->normalize(text);
  }

 private:
  std::vector<std::unique_ptr<Normalizer>> members_;
};

}  // namespace

std::unique_ptr<Normalizer> make_normalizer_sequence(const Config& config) {
  std::vector<std::unique_ptr<Normalizer>> members;
  for (const Config& member : read_stages(config, "normalizers")) {
    members.push_back(make_normalizer(member));
  }
  return std::make_unique<Sequence>(std::move(members));
}

}  // namespace sentence_transformers
