#include "tokenizers/pattern.h"

#include <sentence_transformers/error.h>

#include <cstdint>
#include <limits>

#include "core/utf8.h"
#include "tokenizers/unicode.h"
#include "tokenizers/word_pattern.h"

namespace sentence_transformers {
namespace {

class Literal : public Pattern {
 public:
  explicit Literal(std::string text) : text_(std::move(text)) {}
  std::optional<Match> find(std::string_view text, size_t from) const override {
    const size_t at = text_.empty() ? text.npos : text.find(text_, from);
    if (at == text.npos) return std::nullopt;
    return Match{at, at + text_.size()};
  }

 private:
  std::string text_;
};

/// `\s{2,}|[\n\r\t]`: runs of white space, and single ones but the plain space and its like.
class WideSpace : public Pattern {
 public:
  std::optional<Match> find(std::string_view text, size_t from) const override {
    const CharacterRun runs([](char32_t c) { return (unicode::kinds(c) & unicode::kSpace) != 0; },
                            1, kAll);
    while (const auto match = runs.find(text, from)) {
      size_t end = match->begin;
      const char32_t first = decode_utf8(text, end);
      if (end < match->end || first == U'\n' || first == U'\r' || first == U'\t') return match;
      from = match->end;
    }
    return std::nullopt;
  }

 private:
  static constexpr size_t kAll = std::numeric_limits<size_t>::max();
};

constexpr size_t kAll = std::numeric_limits<size_t>::max();

struct KnownRun {
  std::string_view pattern;
  CharacterRun::Predicate wanted;
  size_t least, most;
};

bool is_number(char32_t c) { return unicode::kinds(c) & unicode::kNumber; }
bool is_blank(char32_t c) { return c == U' '; }
bool is_newline(char32_t c) { return c == U'\n'; }
bool is_line_end(char32_t c) { return c == U'\n' || c == U'\r'; }
bool is_ascii_digit(char32_t c) { return c >= U'0' && c <= U'9'; }

constexpr KnownRun kKnownRuns[] = {
    {" {2,}", is_blank, 2, kAll},
    {" +", is_blank, 1, kAll},
    {" ", is_blank, 1, 1},
    {R"(\s)", unicode::is_space, 1, 1},
    {R"(\s+)", unicode::is_space, 1, kAll},
    {R"(\s{2,})", unicode::is_space, 2, kAll},
    {R"(\n)", is_newline, 1, 1},
    {R"(\n+)", is_newline, 1, kAll},
    {R"([\r\n])", is_line_end, 1, 1},
    {R"([\n\r]+)", is_line_end, 1, kAll},
    {R"([\r\n]+)", is_line_end, 1, kAll},
    {R"(\p{N})", is_number, 1, 1},
    {R"(\p{N}+)", is_number, 1, kAll},
    {R"(\p{N}{1,3})", is_number, 1, 3},
    {"[0-9]", is_ascii_digit, 1, 1},
    {"[0-9]+", is_ascii_digit, 1, kAll},
};

std::unique_ptr<Pattern> make_regex(const std::string& regex, const Config& pattern) {
  if (auto word = make_word_pattern(regex)) return word;
  if (regex == R"(\s{2,}|[\n\r\t])") return std::make_unique<WideSpace>();
  std::string known;
  for (const KnownRun& row : kKnownRuns) {
    if (row.pattern == regex) {
      return std::make_unique<CharacterRun>(row.wanted, row.least, row.most);
    }
    known += std::string(known.empty() ? "" : ", ") + std::string(row.pattern);
  }
  constexpr size_t kShown = 60;
  const std::string shown = regex.size() <= kShown ? regex : regex.substr(0, kShown - 3) + "...";
  throw UnsupportedError("[Tokenizer] " + pattern.name("Regex") + " is \"" + shown +
                         "\"; known: those of GPT-2, Llama 3, Qwen2 and Qwen3.5, " + known);
}

}  // namespace

std::string Pattern::replace(std::string_view text, std::string_view content) const {
  std::string replaced;
  size_t done = 0;
  while (const auto match = find(text, done)) {
    replaced += text.substr(done, match->begin - done);
    replaced += content;
    done = match->end;
  }
  replaced += text.substr(done);
  return replaced;
}

std::optional<Pattern::Match> CharacterRun::find(std::string_view text, size_t from) const {
  size_t begin = from, count = 0;
  for (size_t i = from; i < text.size();) {
    const size_t here = i;
    if (wanted_(decode_utf8(text, i))) {
      if (count == 0) begin = here;
      if (++count == most_) return Match{begin, i};
    } else {
      if (count >= least_) return Match{begin, here};
      count = 0;
    }
  }
  if (count >= least_) return Match{begin, text.size()};
  return std::nullopt;
}

std::unique_ptr<Pattern> make_literal(std::string text) {
  return std::make_unique<Literal>(std::move(text));
}

std::unique_ptr<Pattern> make_pattern(const Config& stage) {
  const Config pattern = stage.at("pattern");
  if (auto text = pattern.find<std::string>("String")) return make_literal(*std::move(text));
  return make_regex(pattern.require<std::string>("Regex"), pattern);
}

}  // namespace sentence_transformers
