#include "tokenizers/pre_tokenizers/split_behavior.h"

#include <sentence_transformers/error.h>

#include <algorithm>
#include <vector>

namespace sentence_transformers {
namespace {

struct Part {
  size_t begin, end;
  bool is_match;
};

/// Calls put(Part) for matches and gaps in order, none of them empty.
template <class Put>
void for_each_part(const Pattern& pattern, bool invert, std::string_view text, Put put) {
  size_t done = 0;
  while (const auto match = pattern.find(text, done)) {
    if (match->begin > done) put(Part{done, match->begin, invert});
    put(Part{match->begin, match->end, !invert});
    done = match->end;
  }
  if (done < text.size()) put(Part{done, text.size(), invert});
}

/// A match joins the gap beside it; of matches side by side only the nearest one does.
std::vector<Part> merge(const std::vector<Part>& parts, bool with_next) {
  std::vector<Part> merged;
  bool after_match = false;
  const auto add = [&](const Part& part) {
    if (part.is_match && !after_match && !merged.empty()) {
      if (with_next) merged.back().begin = part.begin;
      if (!with_next) merged.back().end = part.end;
    } else {
      merged.push_back(part);
    }
    after_match = part.is_match;
  };
  if (with_next) {
    std::for_each(parts.rbegin(), parts.rend(), add);
    std::reverse(merged.begin(), merged.end());
  } else {
    std::for_each(parts.begin(), parts.end(), add);
  }
  return merged;
}

}  // namespace

SplitBehavior read_split_behavior(const Config& config, SplitBehavior fallback) {
  static constexpr std::pair<const char*, SplitBehavior> kBehaviors[] = {
      {"Removed", SplitBehavior::removed},
      {"Isolated", SplitBehavior::isolated},
      {"MergedWithPrevious", SplitBehavior::merged_with_previous},
      {"MergedWithNext", SplitBehavior::merged_with_next},
      {"Contiguous", SplitBehavior::contiguous}};
  const auto name = config.find<std::string>("behavior");
  if (!name) return fallback;
  std::string known;
  for (const auto& [text, behavior] : kBehaviors) {
    if (*name == text) return behavior;
    known += std::string(known.empty() ? "" : ", ") + text;
  }
  throw LoadError("[Tokenizer] " + config.name("behavior") + " is \"" + *name +
                  "\"; expected one of " + known);
}

void split_by(const Pattern& pattern, SplitBehavior behavior, bool invert, Stretch stretch,
              StretchSink sink) {
  const auto emit = [&](const Part& part) { sink(stretch.part(part.begin, part.end)); };
  if (behavior == SplitBehavior::removed || behavior == SplitBehavior::isolated) {
    const bool keeps_matches = behavior == SplitBehavior::isolated;
    for_each_part(pattern, invert, stretch.text, [&](const Part& part) {
      if (keeps_matches || !part.is_match) emit(part);
    });
  } else if (behavior == SplitBehavior::contiguous) {
    Part run{0, 0, false};
    for_each_part(pattern, invert, stretch.text, [&](const Part& part) {
      if (part.is_match != run.is_match || run.end == 0) {
        if (run.end > run.begin) emit(run);
        run = part;
      }
      run.end = part.end;
    });
    if (run.end > run.begin) emit(run);
  } else {
    std::vector<Part> parts;
    for_each_part(pattern, invert, stretch.text, [&](const Part& part) { parts.push_back(part); });
    for (const Part& part : merge(parts, behavior == SplitBehavior::merged_with_next)) emit(part);
  }
}

}  // namespace sentence_transformers
