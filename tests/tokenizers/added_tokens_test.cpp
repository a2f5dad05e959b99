// Added tokens, as Hugging Face finds them in a text.
#include "tokenizers/added_tokens.h"

#include <sentence_transformers/tokenizer.h>

#include <chrono>

#include "support.h"

namespace sentence_transformers {
namespace {

using namespace test;
using nlohmann::json;
using Strings = std::vector<std::string>;

/// The stretches of a text, and "#0", "#1", ... for the tokens found.
Strings split(std::vector<AddedToken> tokens, std::string_view text) {
  for (size_t i = 0; i < tokens.size(); ++i) tokens[i].id = static_cast<int64_t>(i);
  Strings parts;
  AddedTokens(std::move(tokens))
      .split(
          {text, true}, [&](Stretch part) { parts.emplace_back(part.text); },
          [&](int64_t id) { parts.push_back("#" + std::to_string(id)); });
  return parts;
}

TEST(AddedTokens, NoneLeaveTheTextWhole) {
  EXPECT_TRUE(AddedTokens().empty());
  EXPECT_TRUE(AddedTokens({{.content = ""}}).empty());  // and no endless loop
  EXPECT_EQ(split({}, "the dog"), Strings{"the dog"});
  EXPECT_EQ(split({{.content = ""}}, "the dog"), Strings{"the dog"});
  EXPECT_EQ(split({{.content = "x"}}, ""), Strings{});
  EXPECT_FALSE(AddedTokens({{.content = "x"}}).empty());
}

TEST(AddedTokens, LeftmostFirst) {
  const std::vector<AddedToken> tokens = {{.content = "bc"}, {.content = "ab"}};
  EXPECT_EQ(split(tokens, "abc"), (Strings{"#1", "c"}));
  EXPECT_EQ(split(tokens, "bcabbc"), (Strings{"#0", "#1", "#0"}));
  EXPECT_EQ(split(tokens, "xaab"), (Strings{"xa", "#1"}));
}

TEST(AddedTokens, TheLongestOfSeveral) {
  const std::vector<AddedToken> tokens = {
      {.content = "the"}, {.content = "thecat"}, {.content = "cat dog"}};
  EXPECT_EQ(split(tokens, "thecat"), Strings{"#1"});
  EXPECT_EQ(split(tokens, "the cat dog"), (Strings{"#0", " ", "#2"}));
  EXPECT_EQ(split(tokens, "thethecat"), (Strings{"#0", "#1"}));
  EXPECT_EQ(split(tokens, "xthecatx"), (Strings{"x", "#1", "x"}));
  EXPECT_EQ(split(tokens, "cat dogthe"), (Strings{"#2", "#0"}));
  EXPECT_EQ(split(tokens, "thecatdog"), (Strings{"#1", "dog"}));
}

TEST(AddedTokens, CaseAndBytesCount) {
  EXPECT_EQ(split({{.content = "[SEP]"}}, "[sep][SEP]"), (Strings{"[sep]", "#0"}));
  EXPECT_EQ(split({{.content = "é"}}, "eé\xc3"), (Strings{"e", "#0", "\xc3"}));
}

TEST(AddedTokens, TakeSpacesAlong) {
  const std::vector<AddedToken> tokens = {{.content = "<n>"},
                                          {.content = "<l>", .lstrip = true},
                                          {.content = "<r>", .rstrip = true},
                                          {.content = "<b>", .lstrip = true, .rstrip = true}};
  EXPECT_EQ(split(tokens, "the <n> dog"), (Strings{"the ", "#0", " dog"}));
  EXPECT_EQ(split(tokens, "the  <l> dog"), (Strings{"the", "#1", " dog"}));
  EXPECT_EQ(split(tokens, "the <r>  dog"), (Strings{"the ", "#2", "dog"}));
  EXPECT_EQ(split(tokens, "the <b> dog"), (Strings{"the", "#3", "dog"}));
  EXPECT_EQ(split(tokens, "the <r> <l> dog"), (Strings{"the ", "#2", "#1", " dog"}));
  EXPECT_EQ(split(tokens, "<n> <l>"), (Strings{"#0", "#1"}));
  EXPECT_EQ(split(tokens, "  <l>"), Strings{"#1"});
  EXPECT_EQ(split(tokens, "<r>  "), Strings{"#2"});
  EXPECT_EQ(split(tokens, "a\t\n\u00a0\u3000<b>\u2003\r b"), (Strings{"a", "#3", "b"}));
}

TEST(AddedTokens, WholeWordsOnly) {
  const std::vector<AddedToken> tokens = {{.content = "dog", .single_word = true}};
  const Strings word = {"#0"};
  EXPECT_EQ(split(tokens, "dog"), word);
  for (const std::string text : {"dogs", "hotdog", "dog_", "_dog", "dogdog", "édog", "dogé",
                                 "日dog", "dog1", "1dog", "dogп"}) {
    EXPECT_EQ(split(tokens, text), Strings{text});
  }
  EXPECT_EQ(split(tokens, ".dog dog"), (Strings{".", "#0", " ", "#0"}));
  EXPECT_EQ(split(tokens, "(dog)"), (Strings{"(", "#0", ")"}));
  EXPECT_EQ(split(tokens, "\u00a0dog\u3002"), (Strings{"\u00a0", "#0", "\u3002"}));
}

// Right sides: tokenizers 0.23.3. Its \w has marks, letter numbers and joiners, but neither symbols
// nor other numbers.
TEST(AddedTokens, WhatIsAWordNextToThem) {
  const std::vector<AddedToken> tokens = {{.content = "dog", .single_word = true}};
  for (const std::string text : {"dog\u2163", "dog\u0663", "dog\u200d", "\u24b6dog", "dog\u0301",
                                 "dog\u00aa", "\U0001f130dog", "dog\u20dd", "\u203fdog"}) {
    EXPECT_EQ(split(tokens, text), Strings{text});
  }
  for (const std::string other :
       {"\U0001f600", "\u20ac", "\u00b2", "\u00bd", "\u200b", "$", "+", "\U0001f1e9"}) {
    EXPECT_EQ(split(tokens, other + "dog"), (Strings{other, "#0"}));
    EXPECT_EQ(split(tokens, "dog" + other), (Strings{"#0", other}));
  }
}

// Right sides: tokenizers 0.23.3. The search goes on right behind a token, the text behind the
// spaces that it took.
TEST(AddedTokens, ATokenInsideSpacesThatAreTaken) {
  const std::vector<AddedToken> tokens = {{.content = "<r>", .rstrip = true},
                                          {.content = " x"},
                                          {.content = "\n"},
                                          {.content = "<l>", .lstrip = true}};
  EXPECT_EQ(split(tokens, "<r> x"), (Strings{"#0", "#1"}));
  EXPECT_EQ(split(tokens, "<r>  x"), (Strings{"#0", "#1"}));
  EXPECT_EQ(split(tokens, "<r> \n  a"), (Strings{"#0", "#2", "  a"}));
  EXPECT_EQ(split(tokens, "<r>\n\na"), (Strings{"#0", "#2", "#2", "a"}));
  EXPECT_EQ(split(tokens, "<r> <l>b"), (Strings{"#0", "#3", "b"}));
  EXPECT_EQ(split(tokens, "x <l> <l>"), (Strings{"x", "#3", "#3"}));
  const std::vector<AddedToken> both = {{.content = "\n", .lstrip = true, .rstrip = true}};
  EXPECT_EQ(split(both, "a\r\n\r\n\r\nb"), (Strings{"a", "#0", "b"}));
}

TEST(AddedTokens, IgnoredOnesHideThoseInsideThem) {
  const std::vector<AddedToken> tokens = {{.content = "<ab>", .ignored = true}, {.content = "a"}};
  EXPECT_EQ(split(tokens, "a<ab>a"), (Strings{"#1", "<ab>", "#1"}));
}

// 30,000 of them took 26 s for a megabyte when each was tried at each place.
TEST(AddedTokens, TimeDoesNotGrowWithTheirNumber) {
  std::vector<AddedToken> tokens;
  for (int i = 0; i < 30'000; ++i) {
    tokens.push_back({.content = "word" + std::to_string(i), .id = i});
  }
  const AddedTokens added(std::move(tokens));
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "wor word12 ";
  const auto start = std::chrono::steady_clock::now();
  int64_t found = 0;
  added.split({text, true}, [](Stretch) {}, [&](int64_t id) { found += id == 12; });
  EXPECT_EQ(found, 100'000);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
}

// Hugging Face looks for the longest first and drops it where it is no whole word, together with
// the tokens inside it.
TEST(AddedTokens, ATokenThatIsNoWholeWordHidesThoseInsideIt) {
  const std::vector<AddedToken> tokens = {
      {.content = "AB", .single_word = true}, {.content = "B"}, {.content = "A"}};
  EXPECT_EQ(split(tokens, "xAB"), Strings{"xAB"});
  EXPECT_EQ(split(tokens, "ABx"), Strings{"ABx"});
  EXPECT_EQ(split(tokens, "AB"), Strings{"#0"});
  EXPECT_EQ(split(tokens, "AAB"), (Strings{"#2", "AB"}));
  EXPECT_EQ(split(tokens, "xABB"), (Strings{"xAB", "#1"}));
}

/// tiny_bert's tokenizer.json as it stands, with these tokens added to it.
Tokenizer with_added(const json& more) {
  json tokenizer = golden_json("tiny_bert/tokenizer.json");
  for (json token : more) {
    token["id"] = 178 + tokenizer["added_tokens"].size();
    tokenizer["added_tokens"].push_back(token);
  }
  TempDir dir;
  write_file(dir.path() / "tokenizer.json", tokenizer.dump());
  return Tokenizer::from_pretrained(dir.path());
}

/// Without [CLS] and [SEP].
Strings tokens(const Tokenizer& tokenizer, const std::string& text) {
  const Strings all = tokenizer.tokenize(text);
  return {all.begin() + 1, all.end() - 1};
}

// Right sides: tokenizers 0.23.3.
TEST(AddedTokens, NormalizedOnesAreFoundInTheNormalizedText) {
  const Tokenizer t = with_added(
      {{{"content", "Café"}, {"normalized", true}}, {{"content", "Dog"}, {"normalized", false}}});
  for (const std::string text : {"cafe", "CAFÉ", "Café", "Cafe", "cafe\u0301"}) {
    EXPECT_EQ(tokens(t, text), Strings{"Café"}) << text;
  }
  EXPECT_EQ(tokens(t, "xcafex"), (Strings{"x", "Café", "x"}));
  EXPECT_EQ(tokens(t, "Dog dog cafe"), (Strings{"Dog", "dog", "Café"}));
}

TEST(AddedTokens, NormalizedOnesHaveTheOtherOptionsToo) {
  const Tokenizer t =
      with_added({{{"content", "Café"}, {"normalized", true}, {"single_word", true}},
                  {{"content", "Q  Q"}, {"normalized", true}, {"lstrip", true}}});
  EXPECT_EQ(tokens(t, "Cafe"), Strings{"Café"});
  EXPECT_EQ(tokens(t, "cafe."), (Strings{"Café", "."}));
  EXPECT_EQ(tokens(t, "cafes"), (Strings{"cafe", "##s"}));
  EXPECT_EQ(tokens(t, "the  q  q"), (Strings{"the", "Q  Q"}));
  EXPECT_EQ(tokens(t, "the Q\tQ"), (Strings{"the", "q", "q"}));
}

TEST(AddedTokens, AreNormalizedUnlessTheFileSaysNo) {
  EXPECT_EQ(tokens(with_added({{{"content", "Dog"}}}), "DOG"), Strings{"Dog"});
}

// tokenizers 0.23.3 spells them by what they are looked for as.
TEST(AddedTokens, NormalizedOnesAreDecodedAsTheyAreFound) {
  const Tokenizer t = with_added({{{"content", "Café"}, {"normalized", true}, {"special", true}},
                                  {{"content", "x y"}, {"normalized", true}, {"special", true}}});
  const auto ids = t.encode("CAFÉ x y").ids;
  EXPECT_EQ(t.decode(ids, false), "[CLS] cafe x y [SEP]");
  EXPECT_EQ(t.decode(ids), "cafe");  // no special token has this text
  EXPECT_EQ(t.id_to_token(ids[1]), "Café");
}

TEST(AddedTokens, WordsBesideATokenBeginAnew) {
  const Tokenizer t = with_added({{{"content", "<x>"}, {"normalized", false}, {"special", true}}});
  EXPECT_EQ(tokens(t, "play<x>ing"), (Strings{"play", "<x>", "in", "##g"}));
  EXPECT_TRUE(t.is_special(*t.token_to_id("<x>")));
  EXPECT_EQ(t.decode(t.encode("the <x> dog").ids), "the dog");
}

}  // namespace
}  // namespace sentence_transformers
