#include "tokenizers/words/treebank.h"

#include <array>
#include <optional>

#include "core/utf8.h"
#include "tokenizers/words/python_text.h"

namespace sentence_transformers {
namespace {

using Text = std::u32string;
using View = std::u32string_view;

bool is_one_of(char32_t c, View characters) { return characters.find(c) != characters.npos; }

char32_t folded(char32_t c) {
  if (c == 0x17F) return U's';  // the long s, which ignoring case takes for an s
  return c >= U'A' && c <= U'Z' ? c + U'a' - U'A' : c;
}

/// Does `text` have `part` at `at`, but for capitals?
bool has_at(View text, size_t at, View part) {
  if (at + part.size() > text.size()) return false;
  for (size_t i = 0; i < part.size(); ++i) {
    if (folded(text[at + i]) != part[i]) return false;
  }
  return true;
}

/// `\b`
bool is_boundary(View text, size_t at) {
  const bool before = at > 0 && python::is_word(text[at - 1]);
  const bool behind = at < text.size() && python::is_word(text[at]);
  return before != behind;
}

/// One substitution: replace(text, at, result) appends what takes the place of a match at `at` and
/// gives the match's length, or 0 where there is none.
template <class Replace>
void substitute(Text& text, const Replace& replace) {
  Text result;
  result.reserve(text.size() + 16);
  for (size_t at = 0; at < text.size();) {
    const size_t length = replace(View(text), at, result);
    if (length == 0) result += text[at];
    at += std::max<size_t>(length, 1);
  }
  text = std::move(result);
}

void put_padded(View part, Text& result) { result.append(U" ").append(part).append(U" "); }

/// Spaces around each of some characters.
void pad_each(Text& text, View characters) {
  substitute(text, [&](View t, size_t at, Text& result) -> size_t {
    if (!is_one_of(t[at], characters)) return 0;
    put_padded(t.substr(at, 1), result);
    return 1;
  });
}

/// Spaces around each run of `least` or more of a character.
void pad_runs(Text& text, char32_t c, size_t least) {
  substitute(text, [&](View t, size_t at, Text& result) -> size_t {
    size_t end = at;
    while (end < t.size() && t[end] == c) ++end;
    if (end - at < least) return 0;
    put_padded(t.substr(at, end - at), result);
    return end - at;
  });
}

void replace_all(Text& text, View from, View to) {
  substitute(text, [&](View t, size_t at, Text& result) -> size_t {
    if (t.substr(at, from.size()) != from) return 0;
    result += to;
    return from.size();
  });
}

void starting_quotes(Text& text) {
  pad_each(text, U"\u00AB\u201C\u2018\u201E");
  pad_runs(text, U'`', 1);
  if (!text.empty() && text[0] == U'"') text.replace(0, 1, U"``");
  replace_all(text, U"``", U" `` ");
  substitute(text, [](View t, size_t at, Text& result) -> size_t {
    if (!is_one_of(t[at], U" ([{<")) return 0;
    const View behind = t.substr(at + 1);
    const size_t quotes = behind.starts_with(U'"') ? 1 : behind.starts_with(U"''") ? 2 : 0;
    if (quotes == 0) return 0;
    result.append(t.substr(at, 1)).append(U" `` ");
    return 1 + quotes;
  });
  // An apostrophe before a word is a quote, unless the word is what a verb is shortened to.
  substitute(text, [](View t, size_t at, Text& result) -> size_t {
    constexpr std::array<View, 8> kClitics = {U"re", U"ve", U"ll", U"m", U"t", U"s", U"d", U"n"};
    if (t[at] != U'\'' || (at > 0 && python::is_word(t[at - 1]))) return 0;
    if (at + 1 >= t.size() || !python::is_word(t[at + 1])) return 0;
    for (const View clitic : kClitics) {
      if (has_at(t, at + 1, clitic) && is_boundary(t, at + 1 + clitic.size())) return 0;
    }
    result += U"' ";
    return 1;
  });
}

/// The text's last period, if nothing but `closing` characters and then white space follow it and
/// no period stands before it: the part from before the period becomes "x . closing ".
void final_period(Text& text, View closing, View between) {
  const size_t period = text.rfind(U'.');
  if (period == text.npos || period == 0 || text[period - 1] == U'.') return;
  size_t end = period + 1;
  while (end < text.size() && is_one_of(text[end], closing)) ++end;
  size_t rest = end;
  while (rest < text.size() && python::is_space(text[rest])) ++rest;
  if (rest < text.size()) return;
  const Text kept = text.substr(period + 1, end - period - 1);
  text.resize(period);
  text.append(U" .").append(between).append(kept).append(U" ");
}

/// A comma or colon ends a number unless a digit follows.
void commas_and_colons(Text& text) {
  substitute(text, [](View t, size_t at, Text& result) -> size_t {
    if (!is_one_of(t[at], U":,") || at + 1 >= t.size() || python::is_digit(t[at + 1])) return 0;
    put_padded(t.substr(at, 1), result);
    result += t[at + 1];
    return 2;
  });
  const bool line_end = text.ends_with(U'\n');
  if (text.size() <= line_end) return;
  const size_t last = text.size() - 1 - line_end;
  if (!is_one_of(text[last], U":,")) return;
  text.insert(last + 1, U" ");
  text.insert(last, U" ");
}

void punctuation(Text& text) {
  final_period(text, U"])}>\"'\u00BB\u201D\u2019 ", U" ");
  commas_and_colons(text);
  pad_runs(text, U'.', 2);
  pad_each(text, U";@#$%&\u2012\u2013\u2014\u2015");
  final_period(text, U"])}>\"'", U"");
  pad_each(text, U"?!");
  substitute(text, [](View t, size_t at, Text& result) -> size_t {
    if (t[at] == U'\'' || t.substr(at + 1, 2) != U"' ") return 0;
    result.append(t.substr(at, 1)).append(U" ' ");
    return 3;
  });
  pad_each(text, U"*");
  pad_each(text, U"][(){}<>");
  replace_all(text, U"--", U" -- ");
}

/// Parts that words end with become words: "x'll " -> "x 'll ".
void split_endings(Text& text, std::initializer_list<View> endings) {
  substitute(text, [&](View t, size_t at, Text& result) -> size_t {
    if (is_one_of(t[at], U"' ")) return 0;
    for (const View ending : endings) {
      const size_t behind = at + 1 + ending.size();
      if (t.substr(at + 1, ending.size()) != ending || behind >= t.size() || t[behind] != U' ') {
        continue;
      }
      result.append(t.substr(at, 1)).append(U" ").append(ending).append(U" ");
      return ending.size() + 2;
    }
    return 0;
  });
}

void ending_quotes(Text& text) {
  pad_each(text, U"\u00BB\u201D\u2019");
  replace_all(text, U"''", U" '' ");
  replace_all(text, U"\"", U" '' ");
  Text spaced;
  for (const char32_t c : text) {
    const bool space = python::is_space(c);
    if (!space || !spaced.ends_with(U' ')) spaced += space ? U' ' : c;
  }
  text = std::move(spaced);
  split_endings(text, {U"'s", U"'S", U"'m", U"'M", U"'d", U"'D", U"'"});
  split_endings(text, {U"'ll", U"'LL", U"'re", U"'RE", U"'ve", U"'VE", U"n't", U"N'T"});
}

struct Contraction {
  View first, second;
  bool before_space = false;  // must white space follow, not just the word's end?
  bool behind_space = false;  // must a space stand before it, which becomes the words' own?
};

/// "cannot" -> "can not"
void split_contraction(Text& text, const Contraction& c) {
  substitute(text, [&](View t, size_t at, Text& result) -> size_t {
    const size_t begin = at + c.behind_space;
    if (c.behind_space ? t[at] != U' ' : !is_boundary(t, at)) return 0;
    const size_t middle = begin + c.first.size(), end = middle + c.second.size();
    if (!has_at(t, begin, c.first) || !has_at(t, middle, c.second)) return 0;
    const bool ends =
        c.before_space ? end < t.size() && python::is_space(t[end]) : is_boundary(t, end);
    if (!ends) return 0;
    put_padded(t.substr(begin, c.first.size()), result);
    result.append(t.substr(middle, c.second.size())).append(U" ");
    return end - at;
  });
}

}  // namespace

std::vector<std::string> treebank_words(std::string_view text) {
  static constexpr Contraction kContractions[] = {
      {U"can", U"not"},
      {U"d", U"'ye"},
      {U"gim", U"me"},
      {U"gon", U"na"},
      {U"got", U"ta"},
      {U"lem", U"me"},
      {U"more", U"'n"},
      {.first = U"wan", .second = U"na", .before_space = true},
      {.first = U"'t", .second = U"is", .behind_space = true},
      {.first = U"'t", .second = U"was", .behind_space = true}};
  Text line;
  for (size_t at = 0; at < text.size();) line += decode_utf8(text, at);
  starting_quotes(line);
  punctuation(line);
  line = U" " + line + U" ";
  ending_quotes(line);
  for (const Contraction& contraction : kContractions) split_contraction(line, contraction);
  std::string spaced;
  for (const char32_t c : line) append_utf8(spaced, c);
  const std::vector<std::string_view> words = python::split(spaced);
  return {words.begin(), words.end()};
}

}  // namespace sentence_transformers
