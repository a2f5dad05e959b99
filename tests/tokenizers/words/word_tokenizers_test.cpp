// Whole words: NLTK's against golden lines, white space, case and punctuation as Python has them.
#include "tokenizers/words/word_tokenizer.h"

#include <chrono>

#include "support.h"
#include "tokenizers/words/python_text.h"
#include "tokenizers/words/treebank.h"

namespace sentence_transformers {
namespace {

using namespace test;
using nlohmann::json;

TEST(Treebank, WordsEqualNltks) {
  for (const json& entry : golden_json("first_modules/treebank.json")) {
    EXPECT_EQ(treebank_words(entry[0].get<std::string>()), entry[1].get<std::vector<std::string>>())
        << entry[0];
  }
}

TEST(Treebank, IsLinearInTheText) {
  for (const std::string unit : {"a", ".", "'", "\"", " ", ") ", "`", "n't ", "a's ", ":,", "--"}) {
    std::string text;
    while (text.size() < 500'000) text += unit;
    const auto start = std::chrono::steady_clock::now();
    treebank_words(text);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60)) << unit;
  }
}

TEST(PythonText, LowersAsStr) {
  EXPECT_EQ(python::lower("ABC \u00c4 \u0130"), "abc \u00e4 i\u0307");
  EXPECT_EQ(python::lower("\u039c\u0395\u0393\u0391\u03a3 \u03a3 \u03a3\u0391 \u0391\u03a3."),
            "\u03bc\u03b5\u03b3\u03b1\u03c2 \u03c3 \u03c3\u03b1 \u03b1\u03c2.");
  EXPECT_EQ(python::lower("\u0391\u03a3'\u0391 \u0391\u0301\u03a3"),
            "\u03b1\u03c3'\u03b1 \u03b1\u0301\u03c2");
  EXPECT_EQ(python::lower("A\xff"), "a\ufffd");
}

TEST(PythonText, SplitsAndStripsAsStr) {
  using Parts = std::vector<std::string_view>;
  EXPECT_EQ(python::split(" a\tb\x1f"
                          "c\u2003d\u0085e\u00a0 "),
            (Parts{"a", "b", "c", "d", "e"}));
  EXPECT_EQ(python::split(""), Parts{});
  EXPECT_EQ(python::split(" \n"), Parts{});
  EXPECT_EQ(python::split("a\u200bb"), Parts{"a\u200bb"});
  EXPECT_EQ(python::strip_punctuation("(~a.b_!)"), "a.b");
  EXPECT_EQ(python::strip_punctuation("..."), "");
  EXPECT_EQ(python::strip_punctuation("\u201ca\u201d"), "\u201ca\u201d");
}

TEST(WordLists, TheLastPlaceOfAWordCounts) {
  const WordList words({"a", "b", "a", ""}, {"b"});
  EXPECT_EQ(whitespace_ids("a b (A) c", words, false), (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(whitespace_ids("... A", words, false), (std::vector<int64_t>{3, 2}));
}

TEST(PhraseTokenizers, LeaveTheVocabularysWordsAsTheyAreWithoutSeparator) {
  const TempDir dir;
  const auto ids = [&](const json& separator, int64_t longest, const std::string& text) {
    write_file(dir.path() / "phrasetokenizer_config.json",
               json{{"vocab", {"a_b", "a", "b", "a_b_c", "a__b"}},
                    {"stop_words", json::array()},
                    {"ngram_separator", separator},
                    {"max_ngram_length", longest}}
                   .dump());
    return make_word_tokenizer("sentence_transformers.models.tokenizer.PhraseTokenizer", dir.path())
        ->ids(text);
  };
  using Ids = std::vector<int64_t>;
  EXPECT_EQ(ids("_", 5, "A b c a b"), (Ids{3, 0}));
  EXPECT_EQ(ids("_", 2, "a b c a b"), (Ids{0, 0}));
  EXPECT_EQ(ids(nullptr, 5, "a b"), (Ids{1, 2}));
  EXPECT_EQ(ids("", 5, "a b"), (Ids{1, 2}));
}

}  // namespace
}  // namespace sentence_transformers
