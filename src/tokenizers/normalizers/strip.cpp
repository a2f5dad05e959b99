// Strip: removes white space at the chosen ends.
#include "core/utf8.h"
#include "tokenizers/normalizers/makers.h"
#include "tokenizers/unicode.h"

namespace sentence_transformers {
namespace {

class Strip : public Normalizer {
 public:
  Strip(bool left, bool right) : left_(left), right_(right) {}

  void normalize(NormalizedText& text) const override {
    const std::string_view view = text.view();
    size_t begin = 0, end = 0;  // of what is not white space
    bool found = false;
    for (size_t i = 0; i < view.size();) {
      const size_t here = i;
      if (unicode::kinds(decode_utf8(view, i)) & unicode::kSpace) continue;
      if (!found) begin = here;
      found = true;
      end = i;
    }
    if (!found) begin = end = left_ ? view.size() : 0;
    if (right_) text.cut_end(view.size() - end);
    if (left_) text.cut_start(begin);
  }

 private:
  bool left_, right_;
};

}  // namespace

std::unique_ptr<Normalizer> make_strip(const Config& config) {
  return std::make_unique<Strip>(config.require<bool>("strip_left"),
                                 config.require<bool>("strip_right"));
}

}  // namespace sentence_transformers
