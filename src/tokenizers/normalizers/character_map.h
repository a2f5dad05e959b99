// A normalizer that looks at each code point by itself.
#pragma once

#include <string>

#include "core/utf8.h"
#include "tokenizers/normalizers/normalizer.h"

namespace sentence_transformers {

/// Map has static bool changes(char32_t) and static void put(char32_t, std::string&), which is
/// called for those that it changes.
template <class Map>
class CharacterMap : public Normalizer {
 public:
  void normalize(NormalizedText& text) const override {
    const std::string_view view = text.view();
    std::string changed;
    size_t kept = 0;  // up to here the text is in `changed`
    for (size_t i = 0; i < view.size();) {
      const size_t begin = i;
      const char32_t c = decode_utf8(view, i);
      if (!Map::changes(c)) continue;
      changed += view.substr(kept, begin - kept);
      Map::put(c, changed);
      kept = i;
      if (begin == 0 && changed.empty()) text.lose_start();
    }
    if (kept == 0) return;
    changed += view.substr(kept);
    text.replace(std::move(changed));
  }
};

}  // namespace sentence_transformers
