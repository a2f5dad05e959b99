// ByteLevel as a normalizer: every byte becomes its visible character, nothing is split.
#include "tokenizers/byte_characters.h"
#include "tokenizers/normalizers/makers.h"

namespace sentence_transformers {
namespace {

class ByteLevel : public Normalizer {
 public:
  void normalize(NormalizedText& text) const override {
    std::string mapped;
    append_byte_characters(text.view(), mapped);
    text.replace(std::move(mapped));
  }
};

}  // namespace

std::unique_ptr<Normalizer> make_byte_level_normalizer(const Config&) {
  return std::make_unique<ByteLevel>();
}

}  // namespace sentence_transformers
