// Lines and rows: line ends, quotes, marks at the front, and where a bad row ends.
#include "data/records.h"

#include <gtest/gtest.h>
#include <sentence_transformers/error.h>

#include "support.h"

namespace sentence_transformers {
namespace {

using test::TempDir;
using test::write_file;
using Fields = std::vector<std::string>;

std::vector<std::string> lines_of(const std::string& content) {
  TempDir dir;
  write_file(dir.path() / "f", content);
  LineReader reader(dir.path() / "f");
  std::vector<std::string> lines;
  std::string_view line;
  while (reader.next(line) == LineReader::Result::line) {
    lines.emplace_back(line);
    EXPECT_EQ(reader.number(), static_cast<int64_t>(lines.size()));
  }
  EXPECT_EQ(reader.next(line), LineReader::Result::end);
  return lines;
}

TEST(LineReader, SplitsAtLineEnds) {
  EXPECT_EQ(lines_of(""), Fields{});
  EXPECT_EQ(lines_of("a\nb\n"), (Fields{"a", "b"}));
  EXPECT_EQ(lines_of("a\nb"), (Fields{"a", "b"}));
  EXPECT_EQ(lines_of("\n\na\r\n"), (Fields{"", "", "a\r"}));
  EXPECT_EQ(lines_of(std::string("a\0b\n", 4)), Fields{std::string("a\0b", 3)});
}

TEST(LineReader, TakesOffTheByteOrderMark) {
  EXPECT_EQ(lines_of("\xef\xbb\xbf"), Fields{});
  EXPECT_EQ(lines_of("\xef\xbb\xbf"
                     "a\nb"),
            (Fields{"a", "b"}));
  EXPECT_EQ(lines_of("a\n\xef\xbb\xbf"
                     "b"),
            (Fields{"a",
                    "\xef\xbb\xbf"
                    "b"}));
}

TEST(LineReader, RefusesUtf16) {
  TempDir dir;
  for (const char* mark : {"\xff\xfe", "\xfe\xff"}) {
    write_file(dir.path() / "f.txt", mark + std::string("a\0", 2));
    EXPECT_THROWS(LoadError, LineReader(dir.path() / "f.txt"), "f.txt", "UTF-16");
  }
}

// Line ends at every place around the buffer's end.
TEST(LineReader, LinesCrossTheBuffer) {
  for (const size_t length : {(1u << 18) - 2, (1u << 18) - 1, 1u << 18, (1u << 18) + 1, 700'000u}) {
    const std::string line(length, 'x');
    EXPECT_EQ(lines_of(line + "\nend"), (Fields{line, "end"}));
    EXPECT_EQ(lines_of("a\n" + line), (Fields{"a", line}));
  }
}

TEST(LineReader, PassesOverWhatIsTooLong) {
  TempDir dir;
  const std::string longest(kLongestRow, 'x');
  write_file(dir.path() / "f", longest + "y\nafter\n" + longest + "\n");
  LineReader reader(dir.path() / "f");
  std::string_view line;
  EXPECT_EQ(reader.next(line), LineReader::Result::too_long);
  EXPECT_EQ(line.size(), kLongestRow);
  EXPECT_EQ(reader.next(line), LineReader::Result::line);
  EXPECT_EQ(line, "after");
  EXPECT_EQ(reader.number(), 2);
  EXPECT_EQ(reader.next(line), LineReader::Result::line);
  EXPECT_EQ(line, longest);
  EXPECT_EQ(reader.next(line), LineReader::Result::end);
}

struct Row {
  int64_t line;
  Fields fields;    // of a good row
  std::string bad;  // part of the problem
  bool operator==(const Row&) const = default;
};
void PrintTo(const Row& row, std::ostream* out) {
  *out << row.line << ": " << testing::PrintToString(row.fields) << row.bad;
}

std::vector<Row> rows_of(const std::string& content, RowReader::Kind kind) {
  TempDir dir;
  write_file(dir.path() / "f", content);
  RowReader reader(dir.path() / "f", kind);
  std::vector<Row> rows;
  for (;;) {
    const RowReader::Result result = reader.next();
    if (result == RowReader::Result::end) break;
    const auto& fields = reader.fields();
    if (result == RowReader::Result::empty) {
      rows.push_back({reader.line(), {}, "empty"});
    } else if (result == RowReader::Result::bad) {
      rows.push_back({reader.line(), {}, reader.problem()});
    } else {
      rows.push_back({reader.line(), {fields.begin(), fields.end()}, ""});
    }
  }
  EXPECT_EQ(reader.next(), RowReader::Result::end);
  return rows;
}

std::vector<Row> csv(const std::string& content) { return rows_of(content, RowReader::Kind::csv); }
std::vector<Row> tsv(const std::string& content) { return rows_of(content, RowReader::Kind::tsv); }

const std::string kNeverCloses = "has a quote that does not close before the file's end";
const std::string kAfterQuote = "has text between a closing quote and the next comma";

TEST(RowReader, TsvKnowsNoQuotes) {
  EXPECT_EQ(tsv("a\t\"b\t\n\nc\r\n\t"),
            (std::vector<Row>{
                {1, {"a", "\"b", ""}, ""}, {2, {}, "empty"}, {3, {"c"}, ""}, {4, {"", ""}, ""}}));
}

TEST(RowReader, CsvFields) {
  EXPECT_EQ(csv("a,b\n,\nx"),
            (std::vector<Row>{{1, {"a", "b"}, ""}, {2, {"", ""}, ""}, {3, {"x"}, ""}}));
  EXPECT_EQ(csv("a,b\r\n\r\nc,\r\n"),
            (std::vector<Row>{{1, {"a", "b"}, ""}, {2, {}, "empty"}, {3, {"c", ""}, ""}}));
}

TEST(RowReader, CsvQuotes) {
  EXPECT_EQ(csv("\"a,b\",\"\",\"say \"\"hi\"\"\",\"\"\"\"\n"),
            (std::vector<Row>{{1, {"a,b", "", "say \"hi\"", "\""}, ""}}));
  EXPECT_EQ(csv("a \"b\" c,6\" long\n"), (std::vector<Row>{{1, {"a \"b\" c", "6\" long"}, ""}}));
  EXPECT_EQ(csv("\"a\",\"b\"\r\n\"\"\n\"c\""),
            (std::vector<Row>{{1, {"a", "b"}, ""}, {2, {""}, ""}, {3, {"c"}, ""}}));
}

TEST(RowReader, CsvQuotesHoldLineEnds) {
  EXPECT_EQ(csv("\"a\nb\",1\n\"c\r\n\r\n\"\"d\"\"\",2\r\n\"\n\",3\n"),
            (std::vector<Row>{
                {1, {"a\nb", "1"}, ""}, {3, {"c\r\n\r\n\"d\"", "2"}, ""}, {6, {"\n", "3"}, ""}}));
}

// A stray quote costs its line and no other, whether another quote follows or not.
TEST(RowReader, CsvBadRowsEndWithTheirFirstLine) {
  EXPECT_EQ(csv("\"a,1\nb,2\nc,3"),
            (std::vector<Row>{{1, {}, kNeverCloses}, {2, {"b", "2"}, ""}, {3, {"c", "3"}, ""}}));
  EXPECT_EQ(csv("\"a,1\nb,2\n\"c\",3\n"),
            (std::vector<Row>{{1, {}, kAfterQuote}, {2, {"b", "2"}, ""}, {3, {"c", "3"}, ""}}));
  EXPECT_EQ(csv("\"a\"b,1\nc,2\n"), (std::vector<Row>{{1, {}, kAfterQuote}, {2, {"c", "2"}, ""}}));
  EXPECT_EQ(csv("\"a\n\n\"b\nc\r\n"),
            (std::vector<Row>{
                {1, {}, kAfterQuote}, {2, {}, "empty"}, {3, {}, kNeverCloses}, {4, {"c"}, ""}}));
}

// What a bad row found out about the lines behind it serves the rows that begin there.
TEST(RowReader, CsvBadRowsShareWhatTheyReadAhead) {
  EXPECT_EQ(csv("x,\"\nx,\"\nx,\"\n"),
            (std::vector<Row>{{1, {"x", "\nx,"}, ""}, {3, {}, kNeverCloses}}));
  // Rows 1 to 3 go on in quotes to line 5, which is bad for each of them and good on its own.
  EXPECT_EQ(csv("x\",\"\nx\",\"\nx\",\"\nx\",\"\n\"y\nz\n"),
            (std::vector<Row>{{1, {}, kAfterQuote},
                              {2, {}, kAfterQuote},
                              {3, {}, kAfterQuote},
                              {4, {}, kAfterQuote},
                              {5, {}, kNeverCloses},
                              {6, {"z"}, ""}}));
  // Row 1 is too long by line 3; row 2 passes over that line and ends well in line 4.
  const std::string half(kLongestRow / 2, 'x');
  const auto rows = csv("\"" + half + "\nx\",\"\n" + half + "\nend\",z\n");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].bad, "has a quote that does not close within a row");
  EXPECT_EQ(rows[1].line, 2);
  EXPECT_TRUE((rows[1].fields == Fields{"x\"", "\n" + half + "\nend", "z"}));
}

TEST(RowReader, NoRowIsLongerThanTheLimit) {
  const std::string longest(kLongestRow, 'x');
  const std::string half(kLongestRow / 2, 'x');
  for (const auto kind : {RowReader::Kind::csv, RowReader::Kind::tsv}) {
    EXPECT_EQ(rows_of(longest + "y\na\n", kind),
              (std::vector<Row>{{1, {}, "is longer than 16 MiB"}, {2, {"a"}, ""}}));
  }
  const auto rows = csv("\"" + half + "\n" + half + "\n" + half + "\nend\n");
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0].bad, "has a quote that does not close within a row");
  EXPECT_EQ(rows[1].fields, Fields{half});
  EXPECT_EQ(rows[3], (Row{4, {"end"}, ""}));
  EXPECT_EQ(csv("\"a\n" + longest + "y\nend\n"), (std::vector<Row>{{1, {}, "is longer than 16 MiB"},
                                                                   {2, {}, "is longer than 16 MiB"},
                                                                   {3, {"end"}, ""}}));
}

}  // namespace
}  // namespace sentence_transformers
