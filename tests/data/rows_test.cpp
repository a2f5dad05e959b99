// Rows and JSON lines to examples, and every reason for a bad one.
#include "data/rows.h"

#include <gtest/gtest.h>
#include <sentence_transformers/error.h>

#include <stdexcept>

#include "support.h"

namespace sentence_transformers {
namespace {

struct Mapped {
  RowResult result = RowResult::bad;
  Example example = {};
  std::string problem = {};
};

Mapped map_fields(const FileDatasetOptions& options, const std::vector<std::string_view>& fields,
                  const std::vector<std::string_view>* header = nullptr) {
  Mapped mapped;
  mapped.result = FieldMapper(options, "f.csv", header).map(fields, mapped.example, mapped.problem);
  return mapped;
}

Mapped json(const FileDatasetOptions& options, const std::string& line) {
  Mapped mapped;
  mapped.result = map_json(options, line, mapped.example, mapped.problem);
  return mapped;
}

void expect_example(const Mapped& mapped, const std::vector<std::string>& texts,
                    const std::vector<float>& labels) {
  EXPECT_EQ(mapped.result, RowResult::example) << mapped.problem;
  EXPECT_EQ(mapped.example.texts, texts);
  EXPECT_EQ(mapped.example.labels, labels);
}

void expect_bad(const Mapped& mapped, const std::vector<std::string>& parts) {
  EXPECT_EQ(mapped.result, RowResult::bad);
  for (const std::string& part : parts) {
    EXPECT_NE(mapped.problem.find(part), std::string::npos) << mapped.problem;
  }
}

TEST(FieldMapper, TakesColumnsByNameInTheOrderAsked) {
  const std::vector<std::string_view> header = {"id", "score", "b", "a"};
  const FileDatasetOptions options{.texts = {"a", "b"}, .labels = {"score"}, .label_scale = 0.2};
  expect_example(map_fields(options, {"7", "2.5", "B", "A"}, &header), {"A", "B"}, {0.5f});
}

TEST(FieldMapper, TakesColumnsByNumberWithoutAHeader) {
  const FileDatasetOptions options{.texts = {"1"}, .labels = {"0", "2"}};
  expect_example(map_fields(options, {"1", "", "-2e-1", "more"}), {""}, {1, -0.2f});
}

TEST(FieldMapper, RefusesColumnsThatAreNotThere) {
  const std::vector<std::string_view> header = {"x", "y"};
  EXPECT_THROWS(LoadError, map_fields({.texts = {"a"}}, {}, &header), "f.csv", "no column \"a\"",
                "\"x\", \"y\"");
  EXPECT_THROWS(LoadError, map_fields({.texts = {"0"}}, {}, &header), "no column \"0\"");
  for (const char* name : {"a", "-1", "1x", "", "18446744073709551615"}) {
    EXPECT_THROWS(std::invalid_argument, map_fields({.texts = {name}}, {}),
                  std::string("column \"") + name + "\"", "number");
  }
}

TEST(FieldMapper, TooFewOrTooManyColumnsAreBad) {
  const std::vector<std::string_view> header = {"a", "b", "c"};
  const FileDatasetOptions options{.texts = {"a", "b"}};
  expect_bad(map_fields(options, {"1"}, &header), {"has 1 columns; expected 3"});
  expect_bad(map_fields(options, {"1", "2", "3", "4"}, &header), {"has 4 columns; expected 3"});
  expect_example(map_fields(options, {"1", "2"}, &header), {"1", "2"}, {});
  expect_bad(map_fields({.texts = {"2"}}, {"1"}), {"has 1 columns; expected at least 3"});
}

TEST(FieldMapper, NumbersMustBeNumbers) {
  const FileDatasetOptions options{.texts = {"0"}, .labels = {"1"}};
  expect_example(map_fields(options, {"a", " 3 "}), {"a"}, {3});
  for (const char* label :
       {"", " ", "x", "1x", "1 2", "nan", "inf", "-inf", "1e400", "1e39", "0x1", "1,5", "--1"}) {
    expect_bad(map_fields(options, {"a", label}),
               {"\"1\" is \"" + std::string(label) + "\"", "finite number"});
  }
}

TEST(FieldMapper, WordsMustBeKnown) {
  const FileDatasetOptions options{.texts = {"0"},
                                   .labels = {"1"},
                                   .label_values = {{"no", 0}, {"yes", 1}},
                                   .skipped_labels = {"-"},
                                   .label_scale = 5};
  expect_example(map_fields(options, {"a", "yes"}), {"a"}, {1});
  EXPECT_EQ(map_fields(options, {"a", "-"}).result, RowResult::skipped);
  expect_bad(map_fields(options, {"a", "maybe"}), {"\"1\" is \"maybe\"", "\"no\", \"yes\""});
  expect_bad(map_fields(options, {"a", "1"}), {"\"1\" is \"1\""});
}

TEST(FieldMapper, OnlyTakesTheLinesAsked) {
  const FileDatasetOptions options{
      .texts = {"0"}, .labels = {"1"}, .only = std::pair<std::string, std::string>{"2", "train"}};
  expect_example(map_fields(options, {"a", "1", "train"}), {"a"}, {1});
  EXPECT_EQ(map_fields(options, {"a", "no number", "dev"}).result, RowResult::skipped);
}

TEST(FieldMapper, MessagesCutLongTextsBetweenCharacters) {
  std::string label(99, 'x');
  label += "\xc3\xa4 and more";
  const std::string problem = map_fields({.texts = {"0"}, .labels = {"1"}}, {"a", label}).problem;
  EXPECT_NE(problem.find(std::string(99, 'x') + "...\""), std::string::npos) << problem;
}

const FileDatasetOptions kPairs{
    .format = FileFormat::jsonl, .texts = {"a", "b"}, .labels = {"label"}};

TEST(MapJson, TakesTextsAndNumbers) {
  expect_example(json(kPairs, R"({"label": 0.5, "b": "B\u00e4", "x": [1, {}], "a": ""})"),
                 {"", "B\xc3\xa4"}, {0.5f});
  expect_example(json(kPairs, R"({"a": "A", "b": "B", "label": "2"})"), {"A", "B"}, {2});
  expect_example(json(kPairs, R"({"a": "A", "b": "B", "label": true})"), {"A", "B"}, {1});
}

TEST(MapJson, ListsAreTakenOneAfterTheOther) {
  expect_example(json(kPairs, R"({"a": "query", "b": ["d1", "d2", "d3"], "label": [1, 0, 0.5]})"),
                 {"query", "d1", "d2", "d3"}, {1, 0, 0.5f});
  expect_example(json({.format = FileFormat::jsonl, .texts = {"1", "0"}}, R"(["A", "B"])"),
                 {"B", "A"}, {});
}

TEST(MapJson, WordsAndOnly) {
  FileDatasetOptions options = kPairs;
  options.label_values = {{"yes", 1}, {"2", 7}};
  options.skipped_labels = {"-", "null"};
  expect_example(json(options, R"({"a": "A", "b": "B", "label": "yes"})"), {"A", "B"}, {1});
  expect_example(json(options, R"({"a": "A", "b": "B", "label": 2})"), {"A", "B"}, {7});
  EXPECT_EQ(json(options, R"({"a": "A", "b": "B", "label": "-"})").result, RowResult::skipped);
  EXPECT_EQ(json(options, R"({"a": "A", "b": "B", "label": null})").result, RowResult::skipped);
  expect_bad(json(options, R"({"a": "A", "b": "B", "label": "no"})"), {"\"label\" is \"no\""});
  options.only = {"split", "1"};
  EXPECT_EQ(json(options, R"({"a": "A", "b": "B", "label": "no", "split": 2})").result,
            RowResult::skipped);
  expect_example(json(options, R"({"a": "A", "b": "B", "label": "yes", "split": 1})"), {"A", "B"},
                 {1});
  expect_bad(json(options, R"({"a": "A", "b": "B", "label": "yes"})"), {"has no \"split\""});
}

TEST(MapJson, BadLines) {
  expect_bad(json(kPairs, R"({"a": "A", )"), {"no JSON", "byte"});
  expect_bad(json(kPairs, "{\"a\": \"\xff\"}"), {"no JSON"});
  expect_bad(json(kPairs, R"({"a": "\ud800", "b": "B", "label": 1})"), {"no JSON"});
  expect_bad(json(kPairs, R"("text")"), {"object or list"});
  expect_bad(json(kPairs, "[\"A\"]"), {"has no \"label\""});
  expect_bad(json(kPairs, R"({"a": "A", "label": 1})"), {"has no \"b\""});
  expect_bad(json(kPairs, R"({"a": 1, "b": "B", "label": 1})"), {"\"a\" is \"1\"", "text"});
  expect_bad(json(kPairs, R"({"a": ["x", 1], "b": "B", "label": 1})"), {"\"a\" is", "text"});
  expect_bad(json(kPairs, R"({"a": "A", "b": "B", "label": "x"})"), {"\"label\" is \"x\""});
  expect_bad(json(kPairs, R"({"a": "A", "b": "B", "label": null})"), {"\"label\" is \"null\""});
  expect_bad(json(kPairs, R"({"a": "A", "b": "B", "label": 1e39})"), {"\"label\" is"});
  expect_bad(json(kPairs, R"({"a": "A", "b": "B", "label": 1e999})"), {"too large"});
  expect_bad(json(kPairs, R"({"a": "A", "b": "B", "label": [[1]]})"), {"list of lists"});
}

// A parser that recurses would end here.
TEST(MapJson, DeepNestingIsNoDanger) {
  const std::string deep(1'000'000, '[');
  expect_bad(json(kPairs, deep), {"no JSON"});
  const std::string closed = deep + std::string(deep.size(), ']');
  expect_bad(json(kPairs, closed), {"has no \"label\""});
  expect_bad(json(kPairs, R"({"b": "B", "label": 1, "a": )" + closed + "}"),
             {"\"a\" is \"array\""});
  expect_bad(json(kPairs, R"({"label": {"x": )" + closed + "}}"), {"\"label\" is \"object\""});
}

TEST(CheckOptions, RefusesWhatDoesNotFit) {
  const auto lines = FileFormat::lines;
  EXPECT_NO_THROW(check_options({.format = lines}));
  EXPECT_THROWS(std::invalid_argument, check_options({.format = lines, .texts = {"a"}}), "lines");
  EXPECT_THROWS(std::invalid_argument, check_options({.format = lines, .labels = {"a"}}), "lines");
  EXPECT_THROWS(std::invalid_argument, check_options({.format = FileFormat::csv}),
                "texts is empty");
  EXPECT_THROWS(std::invalid_argument,
                check_options({.texts = {"a"}, .label_values = {{"yes", 1}}}), "label_values");
  EXPECT_THROWS(std::invalid_argument, check_options({.texts = {"a"}, .label_scale = INFINITY}),
                "label_scale");
}

}  // namespace
}  // namespace sentence_transformers
