// Typed values of configuration files, and errors that name file and key.
#include "core/config.h"

#include <sentence_transformers/error.h>

#include "support.h"

namespace sentence_transformers {
namespace {

using namespace test;
using nlohmann::json;

class ConfigTest : public testing::Test {
 protected:
  fs::path file(const std::string& text) {
    write_file(dir_.path() / "config.json", text);
    return dir_.path() / "config.json";
  }
  Config config(const std::string& text) { return Config::read(file(text)); }

  TempDir dir_;
};

TEST_F(ConfigTest, ReadsEachType) {
  const Config c = config(R"({"b": true, "i": -7, "d": 1e-12, "s": "gelu", "n": null,
                              "most": 9223372036854775807})");
  EXPECT_EQ(c.require<bool>("b"), true);
  EXPECT_EQ(c.require<int64_t>("i"), -7);
  EXPECT_EQ(c.require<int64_t>("most"), INT64_MAX);
  EXPECT_EQ(c.require<double>("d"), 1e-12);
  EXPECT_EQ(c.require<double>("i"), -7.0);  // an integer will do
  EXPECT_EQ(c.require<std::string>("s"), "gelu");
  EXPECT_EQ(c.find<bool>("n"), std::nullopt);
  EXPECT_EQ(c.find<bool>("absent"), std::nullopt);
  EXPECT_EQ(c.get<int64_t>("n", 5), 5);
  EXPECT_EQ(c.get<std::string>("absent", "x"), "x");
  EXPECT_TRUE(c.has("b"));
  EXPECT_FALSE(c.has("n"));
  EXPECT_FALSE(c.has("absent"));
  EXPECT_EQ(c.file(), dir_.path() / "config.json");
}

TEST_F(ConfigTest, NamesFileAndKeyOfTheWrongType) {
  const Config c = config(R"({"b": 1, "i": 1.5, "big": 9223372036854775808, "huge": 1e30,
                              "d": "1", "s": ["x"]})");
  const std::string start = c.file().string() + ": ";
  EXPECT_THROWS(LoadError, c.find<bool>("b"), start + "\"b\"", "expected true or false, found 1");
  EXPECT_THROWS(LoadError, c.find<int64_t>("i"), start, "\"i\": expected an integer, found 1.5");
  EXPECT_THROWS(LoadError, c.find<int64_t>("big"), "an integer, found 9223372036854775808");
  EXPECT_THROWS(LoadError, c.find<int64_t>("huge"), "an integer, found 1e+30");
  EXPECT_THROWS(LoadError, c.find<double>("d"), "expected a number, found \"1\"");
  EXPECT_THROWS(LoadError, c.find<std::string>("s"), "expected a string, found [\"x\"]");
  EXPECT_THROWS(LoadError, c.get<std::string>("s", ""), "expected a string");
  EXPECT_THROWS(LoadError, c.require<bool>("s"), "expected true or false");
}

TEST_F(ConfigTest, ShowsTheStartOfALongValue) {
  const Config c = config(R"({"x": ")" + std::string(200, 'y') + "\"}");
  EXPECT_THROWS(LoadError, c.find<bool>("x"), "found \"" + std::string(56, 'y') + "...");
}

TEST_F(ConfigTest, NamesAMissingKey) {
  const Config c = config(R"({"null": null})");
  EXPECT_THROWS(LoadError, c.require<int64_t>("hidden_size"), c.file().string(),
                "\"hidden_size\" is missing; expected an integer");
  EXPECT_THROWS(LoadError, c.require<std::string>("null"), "missing; expected a string");
  EXPECT_THROWS(LoadError, c.at("vocab"), "\"vocab\" is missing; expected an object");
  EXPECT_THROWS(LoadError, c.at("null"), "\"null\" is missing");
}

TEST_F(ConfigTest, NamesNestedKeys) {
  const Config c = config(R"({"a": {"b": {"c": 1}}, "list": [1]})");
  const Config b = c.at("a").at("b");
  EXPECT_EQ(b.require<int64_t>("c"), 1);
  EXPECT_EQ(b.name("c"), c.file().string() + ": \"a.b.c\"");
  EXPECT_THROWS(LoadError, b.require<bool>("d"), "\"a.b.d\" is missing");
  EXPECT_THROWS(LoadError, c.at("list"), c.file().string() + ": \"list\"",
                "expected a JSON object, found [1]");
  EXPECT_THROWS(LoadError, Config(json(3), "f.json", "[0]"), "f.json: \"[0]\": expected a JSON");
}

TEST_F(ConfigTest, ChecksTheLeastValue) {
  const Config c = config(R"({"n": 3})");
  EXPECT_EQ(c.require_at_least("n", 3), 3);
  EXPECT_THROWS(LoadError, c.require_at_least("n", 4), "\"n\": expected at least 4, found 3");
  EXPECT_THROWS(LoadError, c.require_at_least("m", 4), "\"m\" is missing");
}

TEST_F(ConfigTest, ChecksTheRange) {
  const Config c = config(R"({"n": 3, "none": -1, "p": 0.5, "one": 1, "minus": -0.25})");
  EXPECT_EQ(c.get_at_least("n", 7, 3), 3);
  EXPECT_EQ(c.get_at_least("m", 7, 3), 7);
  EXPECT_THROWS(LoadError, c.get_at_least("none", 7, 0), "\"none\": expected at least 0, found -1");
  EXPECT_EQ(c.get_below("p", 0.1, 0, 1), 0.5);
  EXPECT_EQ(c.get_below("absent", 0.1, 0, 1), 0.1);
  EXPECT_THROWS(LoadError, c.get_below("one", 0.1, 0, 1),
                c.file().string() + ": \"one\": expected 0.0 to below 1.0, found 1.0");
  EXPECT_THROWS(LoadError, c.get_below("minus", 0.1, 0, 1), "\"minus\"", "found -0.25");
}

TEST_F(ConfigTest, RefusesWhatIsNoObject) {
  for (const std::string text : {"[]", "1", "null", "\"text\"", "true"}) {
    const std::string path = file(text).string();
    EXPECT_THROWS(LoadError, Config::read(path), path, "expected a JSON object, found " + text);
  }
  EXPECT_TRUE(read_json(file("[]")).is_array());
}

TEST_F(ConfigTest, NamesABrokenFile) {
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("{\"a\": 1"), std::string("{\"a\" 1}"),
        std::string("{\"a\": tru}"), std::string("{} {}"), std::string("{\"a\": \"\xff\"}"),
        std::string("{\"a\": 1e999}"), std::string("{\"a\": \"\\ud800\"}"), std::string("\0{}", 3),
        std::string("{\"a\": \"b\n\"}"), std::string("\x80\x02}q\x00.", 6)}) {
    SCOPED_TRACE(text);
    const std::string path = file(text).string();
    EXPECT_THROWS(LoadError, read_json(path), path, "not valid JSON");
  }
  const std::string missing = (dir_.path() / "none.json").string();
  EXPECT_THROWS(LoadError, read_json(missing), missing);
  EXPECT_THROWS(LoadError, Config::read(dir_.path()), dir_.path().string());
}

TEST_F(ConfigTest, DeepNestingDoesNotOverflowTheStack) {
  constexpr int kDepth = 200'000;
  const std::string deep = std::string(kDepth, '[') + std::string(kDepth, ']');
  std::string objects;
  for (int i = 0; i < kDepth; ++i) objects += "{\"a\":";
  objects += "1" + std::string(kDepth, '}');
  for (const std::string& text :
       {std::string(kDepth, '['), deep, "{\"a\": " + deep + "}", objects}) {
    try {
      config(text).find<bool>("a");
      ADD_FAILURE() << "expected LoadError";
    } catch (const LoadError& e) {
      EXPECT_NE(std::string(e.what()).find("config.json"), std::string::npos);
    }
  }
}

TEST_F(ConfigTest, ALargeInnerObjectIsReadApart) {
  InnerObject apart{"model", "vocab"};
  const json rest = read_json(file(R"({"a": {"vocab": {"q": 9}}, "vocab": {"e": 1},
               "model": {"type": "x", "vocab": {"b": 1, "a": "s", "o": {"z": [2]}, "l": [3], "b": 5},
                         "more": {"vocab": {"k": 1}}}})"),
                              &apart);
  EXPECT_EQ(rest, json::parse(R"({"a": {"vocab": {"q": 9}}, "vocab": {"e": 1},
                                  "model": {"type": "x", "vocab": {},
                                            "more": {"vocab": {"k": 1}}}})"));
  using Members = std::vector<std::pair<std::string, json>>;
  EXPECT_EQ(apart.members,
            (Members{{"b", 1}, {"a", "s"}, {"o", nullptr}, {"l", nullptr}, {"b", 5}}));
}

TEST_F(ConfigTest, AListInTheInnerObjectsPlaceIsReadApart) {
  InnerObject list{"model", "vocab"};
  const json rest = read_json(
      file(R"({"model": {"x": [[1]], "vocab": [["a", 1], ["b", -0.50e1], ["", 7, 8], {"c": 2},
               [3, "d"], ["e", null], [["f", 4]], ["g", [5]], "h", 6, [], ["i", -3], ["a", 1.0e-400],
               ["j", {"k": [7]}], ["l", 18446744073709551615]], "y": ["z", 1]}, "v": [["w", 2]]})"),
      &list);
  EXPECT_EQ(rest, json::parse(R"({"model": {"x": [[1]], "vocab": [], "y": ["z", 1]},
                                  "v": [["w", 2]]})"));
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(list.pairs, (Pairs{{"a", "1"},
                               {"b", "-0.50e1"},
                               {"", ""},
                               {"", ""},
                               {"", ""},
                               {"e", ""},
                               {"", ""},
                               {"g", ""},
                               {"", ""},
                               {"", ""},
                               {"", ""},
                               {"i", "-3"},
                               {"a", "1.0e-400"},
                               {"j", ""},
                               {"l", "18446744073709551615"}}));
  EXPECT_TRUE(list.members.empty());
  InnerObject twice{"m", "v"};
  read_json(file(R"({"m": {"v": [["a", 1]]}, "m": {"v": [["b", 2]]}})"), &twice);
  EXPECT_EQ(twice.pairs, (Pairs{{"b", "2"}}));
}

TEST_F(ConfigTest, OnlyTheInnerObjectItselfIsReadApart) {
  using Members = std::vector<std::pair<std::string, json>>;
  for (const std::string text :
       {R"({"model": [{"vocab": {"a": 1}}]})", R"([{"model": {"vocab": {"a": 1}}}])",
        R"({"model": {"vocab": 1}, "other": {"vocab": {"a": 1}}})", R"({"model": {"x": {"a": 1}}})",
        R"({"model": "vocab"})", R"({"x": {"model": {"vocab": {"a": 1}}}, "vocab": {"b": 2}})"}) {
    InnerObject apart{"model", "vocab"};
    EXPECT_EQ(read_json(file(text), &apart), json::parse(text));
    EXPECT_EQ(apart.members, Members()) << text;
  }
  InnerObject twice{"model", "vocab"};
  const json rest = read_json(
      file(
          R"({"model": {"vocab": {"a": [{}, {"b": [1]}], "c": true}}, "model": {"vocab": {"a": 2}}})"),
      &twice);
  EXPECT_EQ(rest, json::parse(R"({"model": {"vocab": {}}})"));
  EXPECT_EQ(twice.members, (Members{{"a", nullptr}, {"c", true}, {"a", 2}}));
}

TEST_F(ConfigTest, TheLastOfEqualKeysCounts) {
  EXPECT_EQ(read_json(file(R"({"a": {"b": [1]}, "a": [2], "c": {}, "c": null})")),
            json::parse(R"({"a": [2], "c": null})"));
}

TEST_F(ConfigTest, NestingIsLimitedAlsoApart) {
  const std::string fits = std::string(100, '[') + std::string(100, ']');
  EXPECT_TRUE(read_json(file(fits)).is_array());
  EXPECT_THROWS(LoadError, read_json(file("[" + fits + "]")), "nested deeper than 100 levels");
  InnerObject apart{"m", "v"};
  EXPECT_THROWS(LoadError, read_json(file("{\"m\": {\"v\": {\"x\": " + fits + "}}}"), &apart),
                "nested deeper than 100 levels");
}

TEST_F(ConfigTest, AFileBeyondTheLimitIsRefused) {
  const fs::path path = file("{}");
  fs::resize_file(path, 20'000'000'000);
  EXPECT_THROWS(LoadError, read_json(path), path.string(), "is longer than 100000000 bytes");
}

TEST_F(ConfigTest, ErrorsStayShortWhateverTheFileHolds) {
  const std::string large(1'000'000, 'y');
  const auto length_of = [](const auto& read) {
    try {
      read();
    } catch (const LoadError& e) {
      return std::string(e.what()).size();
    }
    return size_t{0};
  };
  for (const std::string& text :
       {"{\"a\": " + large, "{\"" + large + "\" 1}", "{\"a\": \"" + large, "[1" + large + "]",
        "{\"a\": 1" + std::string(100'000, '0') + "}"}) {
    const size_t length = length_of([&] { config(text); });
    EXPECT_GT(length, 0u);
    EXPECT_LT(length, 600u);
  }
  const Config c = config("{\"" + large + "\": \"" + large + "\", \"o\": {\"" + large + "\": 1}}");
  for (const size_t length :
       {length_of([&] { c.find<bool>(large); }), length_of([&] { c.at(large); }),
        length_of([&] { c.at("o").find<bool>(large); }), length_of([&] { c.at("o").at(large); })}) {
    EXPECT_GT(length, 0u);
    EXPECT_LT(length, 600u);
  }
}

}  // namespace
}  // namespace sentence_transformers
