// What becomes of the places where a text is split, and of the text between them.
#pragma once

#include <string>

#include "core/config.h"
#include "tokenizers/pattern.h"
#include "tokenizers/stretch.h"

namespace sentence_transformers {

/// Of matches and of the gaps between them: matches are dropped, stand alone, join the gap before
/// or behind them, or join each other.
enum class SplitBehavior { removed, isolated, merged_with_previous, merged_with_next, contiguous };

/// A "behavior" as tokenizer.json writes it, or `fallback` where it is missing. Throws LoadError
/// for an unknown one.
SplitBehavior read_split_behavior(const Config& config, SplitBehavior fallback);

/// Splits at the matches of a pattern, or at what is between them if `invert` says so.
void split_by(const Pattern& pattern, SplitBehavior behavior, bool invert, Stretch stretch,
              StretchSink sink);

}  // namespace sentence_transformers
