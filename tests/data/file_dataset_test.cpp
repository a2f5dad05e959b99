// Files whose lines cannot all be read, and examples by the place where they begin.
#include <sentence_transformers/error.h>

#include <cmath>
#include <stdexcept>

#include "data/dataset_support.h"
#include "data/gzip_files.h"
#include "support.h"

namespace sentence_transformers {
namespace {

using namespace test;

// 144 of 160 rows that cannot be read are an error unless that many are allowed, and the error
// says what is wrong with the first.
TEST(FileDataset, OnlySoManyLinesMayBeBad) {
  TempDir dir;
  std::string content = "a,b,score\n";
  for (int i = 0; i < 160; ++i) content += i % 10 == 0 ? "x,y,1\n" : "x,y,\"1,5\"\n";
  write_file(dir.path() / "f.csv", content);
  EXPECT_THROWS(LoadError, FileDataset({dir.path() / "f.csv"}, kScored).size(),
                "f.csv:3: \"score\" is \"1,5\"");
  const FileDataset few({dir.path() / "f.csv"}, tolerant(kScored, 0.89));
  EXPECT_THROWS(LoadError, few.size(), "144 of 160 lines are bad", "0.89", "f.csv:3: \"score\"");
  EXPECT_THROWS(LoadError, all_of(few), "144 of 160 lines are bad");
  const FileDataset enough({dir.path() / "f.csv"}, tolerant(kScored, 0.9));
  EXPECT_EQ(enough.size(), 16);
  EXPECT_EQ(enough.report().bad_lines, 144);
}

TEST(FileDataset, ATolerantReaderNeedsAShare) {
  TempDir dir;
  write_file(dir.path() / "f.csv", "a,b,score\n");
  for (const double share : {0.0, -0.1, 1.5, std::nan("")}) {
    EXPECT_THROWS(std::invalid_argument,
                  FileDataset({dir.path() / "f.csv"}, tolerant(kScored, share)), "max_bad_share");
  }
  FileDatasetOptions both = tolerant(kScored, 0.5);
  both.strict = true;
  EXPECT_THROWS(std::invalid_argument, FileDataset({dir.path() / "f.csv"}, both), "max_bad_share");
}

TEST(FileDataset, AJsonArrayIsRefusedWithTheReason) {
  TempDir dir;
  const fs::path path = dir.path() / "f.json";
  const FileDatasetOptions objects{.format = FileFormat::jsonl, .texts = {"a"}};
  for (const char* content :
       {"[\n  {\"a\": \"x\"},\n  {\"a\": \"y\"}\n]\n", "[{\"a\": \"x\"}, {\"a\": \"y\"}]",
        "\n[{\"a\": \"x\"},\n{\"a\": \"y\"}]", "[[\"x\"],\n[\"y\"]]"}) {
    write_file(path, content);
    EXPECT_THROWS(LoadError, FileDataset({path}, objects), "f.json", "is one JSON array",
                  "jq -c '.[]'");
  }
  write_file(path, "[\"x\", \"y\"]\n[\"z\", \"w\"]\n");  // lists, one a line
  EXPECT_EQ(FileDataset({path}, {.format = FileFormat::jsonl, .texts = {"0"}}).size(), 2);
  write_file(path, "[\"x\", \"y\n");  // a bad line, and no array
  EXPECT_THROWS(LoadError,
                FileDataset({path}, {.format = FileFormat::jsonl, .texts = {"0"}}).size(),
                "f.json:1: is no JSON");
}

TEST(FileDataset, GivesExamplesByTheirPlace) {
  TempDir dir;
  const fs::path first = dir.path() / "1.csv", second = dir.path() / "2.csv";
  write_file(first,
             "\xef\xbb\xbf"
             "a,b,score\r\n1,\"x\ny\",1\r\n\r\n\"a \"\"b\"\"\",\"\",2\r\n");
  std::string long_text(300'000, 'x');  // beyond every buffer
  write_file(second, "score,b,a\n3," + long_text + ",\"l\n\n\"\n4,u,v");
  const FileDataset dataset({first, second, first}, kScored);
  const auto examples = all_of(dataset);
  ASSERT_EQ(examples.size(), 6u);
  EXPECT_EQ(examples[0].texts[1], "x\ny");
  expect_equal(by_place(dataset), examples);
  expect_equal(by_place(ListDataset(examples)), examples);
  // After a quote that never closes, rows begin where they are looked for again.
  write_file(second, "score,b,a\n5,u,v\n6,\"u,v\n7,\"\"\"u\",v\n8,u,v\n");
  const FileDataset broken({second}, tolerant(kScored, 0.5));
  EXPECT_EQ(broken.report().bad_lines, 1);
  expect_equal(by_place(broken), all_of(broken));
  // Many files, of which not all are open at once.
  std::vector<fs::path> files;
  for (int i = 0; i < 150; ++i) {
    files.push_back(dir.path() / ("f" + std::to_string(i)));
    write_file(files.back(), "line " + std::to_string(i) + "\n\nother\n");
  }
  const FileDataset many(files, {.format = FileFormat::lines});
  expect_equal(by_place(many), all_of(many));
}

TEST(FileDataset, PlacesFollowAFileThatChanged) {
  TempDir dir;
  const fs::path path = dir.path() / "f.txt";
  write_file(path, "one\ntwo\nthree\n");
  const FileDataset dataset({path}, {.format = FileFormat::lines});
  EXPECT_EQ(dataset.size(), 3);
  const auto old = dataset.access();
  write_file(path, "new\n");
  EXPECT_EQ(dataset.access()->size(), 1);
  Example example;
  EXPECT_THROWS(LoadError, old->get(2, example), "f.txt: byte 8", "the file has changed");
}

#ifdef SENTENCE_TRANSFORMERS_ZLIB

TEST(FileDataset, GzipHasNoPlaces) {
  TempDir dir;
  write_file(dir.path() / "f.txt", "a\n");
  write_file(dir.path() / "f.gz", test::gzip("b\n"));
  const FileDatasetOptions lines{.format = FileFormat::lines};
  EXPECT_EQ(FileDataset({dir.path() / "f.gz"}, lines).access(), nullptr);
  EXPECT_EQ(FileDataset({dir.path() / "f.txt", dir.path() / "f.gz"}, lines).access(), nullptr);
  EXPECT_NE(FileDataset({dir.path() / "f.txt"}, lines).access(), nullptr);
}

#endif

}  // namespace
}  // namespace sentence_transformers
