// Added tokens, as Hugging Face finds them in a text.
#include "tokenizers/added_tokens.h"

#include <sentence_transformers/tokenizer.h>

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
          text, [&](std::string_view part) { parts.emplace_back(part); },
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

TEST(AddedTokens, WordsBesideATokenBeginAnew) {
  const Tokenizer t = with_added({{{"content", "<x>"}, {"normalized", false}, {"special", true}}});
  EXPECT_EQ(tokens(t, "play<x>ing"), (Strings{"play", "<x>", "in", "##g"}));
  EXPECT_TRUE(t.is_special(*t.token_to_id("<x>")));
  EXPECT_EQ(t.decode(t.encode("the <x> dog").ids), "the dog");
}

}  // namespace
}  // namespace sentence_transformers
