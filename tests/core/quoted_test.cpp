// Texts of files in error texts are cut between characters.
#include "core/quoted.h"

#include "core/utf8.h"
#include "support.h"

namespace sentence_transformers {
namespace {

TEST(Quoted, ShowsShortTextsWhole) {
  EXPECT_EQ(in_quotes(""), "\"\"");
  EXPECT_EQ(in_quotes("a \"b\""), "\"a \"b\"\"");
  EXPECT_EQ(shortened(std::string(kMostShown, 'x')), std::string(kMostShown, 'x'));
}

TEST(Quoted, CutsLongOnesBetweenCharacters) {
  EXPECT_EQ(shortened(std::string(kMostShown + 1, 'x')), std::string(kMostShown, 'x') + "...");
  EXPECT_EQ(in_quotes("abcd", 3), "\"abc...\"");
  for (size_t most = 0; most < 9; ++most) {
    const std::string text = shortened("\u00e4\u4f60\U0001f642!", most);
    for (size_t i = 0; i < text.size();) EXPECT_NE(decode_utf8(text, i), kReplacementCharacter);
    EXPECT_LE(text.size(), most + 3);
  }
  EXPECT_EQ(shortened(std::string(10, '\x80'), 5), "...");
}

}  // namespace
}  // namespace sentence_transformers
