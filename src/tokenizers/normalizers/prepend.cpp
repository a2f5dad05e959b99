// Prepend: a text in front of each piece that is not empty.
#include "tokenizers/normalizers/makers.h"

namespace sentence_transformers {
namespace {

class Prepend : public Normalizer {
 public:
  explicit Prepend(std::string prefix) : prefix_(std::move(prefix)) {}
  void normalize(NormalizedText& text) const override {
    if (!text.view().empty()) text.replace(prefix_ + std::string(text.view()));
  }

 private:
  std::string prefix_;
};

}  // namespace

std::unique_ptr<Normalizer> make_prepend(const Config& config) {
  return std::make_unique<Prepend>(config.require<std::string>("prepend"));
}

}  // namespace sentence_transformers
