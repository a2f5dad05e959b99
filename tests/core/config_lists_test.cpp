// Lists of configuration files, and errors that name file and key.
#include "core/config_lists.h"

#include <sentence_transformers/error.h>

#include "core/make_folder.h"
#include "support.h"

namespace sentence_transformers {
namespace {

using namespace test;
using nlohmann::json;

TEST(ConfigLists, ReadsThemOrSaysWhatIsWrong) {
  const Config c(json{{"words", {"a", "b"}},
                      {"none", json::array()},
                      {"numbers", {3, 1}},
                      {"mixed", {"a", 3}},
                      {"halves", {0.5}},
                      {"huge", {UINT64_MAX}},
                      {"word", "a"},
                      {"null", nullptr}},
                 "file.json");
  EXPECT_EQ(require_strings(c, "words"), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(require_strings(c, "none").empty());
  EXPECT_EQ(require_integers(c, "numbers", 1), (std::vector<int64_t>{3, 1}));
  EXPECT_THROWS(LoadError, require_strings(c, "absent"),
                "file.json: \"absent\" is missing; expected a list");
  EXPECT_THROWS(LoadError, require_strings(c, "null"), "\"null\" is missing");
  EXPECT_THROWS(LoadError, require_strings(c, "word"), "\"word\": expected a list, found \"a\"");
  EXPECT_THROWS(LoadError, require_strings(c, "mixed"), "\"mixed\": expected strings, found 3");
  EXPECT_THROWS(LoadError, require_integers(c, "numbers", 2),
                "\"numbers\": expected integers of at least 2, found 1");
  EXPECT_THROWS(LoadError, require_integers(c, "halves", 0), "at least 0, found 0.5");
  EXPECT_THROWS(LoadError, require_integers(c, "huge", 0),
                "at least 0, found 18446744073709551615");
}

TEST(MakeFolder, NamesWhatStandsInTheWay) {
  const TempDir dir;
  make_folder(dir.path() / "a" / "b");
  make_folder(dir.path() / "a" / "b");
  EXPECT_TRUE(fs::is_directory(dir.path() / "a" / "b"));
  write_file(dir.path() / "file", "");
  EXPECT_THROWS(Error, make_folder(dir.path() / "file" / "b"), "[save_pretrained] ", "file");
}

}  // namespace
}  // namespace sentence_transformers
