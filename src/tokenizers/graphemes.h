// Grapheme clusters, what a reader takes for one character (Unicode's Standard Annex 29), as far as
// the Precompiled normalizer looks at them.
#pragma once

#include <cstddef>
#include <string_view>

namespace sentence_transformers {

/// Where the cluster ends that begins at `text[begin]`; `text` is valid UTF-8. Regional indicators
/// stand alone: a flag has eight bytes, and only clusters of fewer than six are asked for.
size_t grapheme_end(std::string_view text, size_t begin);

}  // namespace sentence_transformers
