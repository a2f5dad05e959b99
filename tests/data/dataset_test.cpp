// Datasets in memory and over files: reports, strictness, gzip, and the published layouts.
#include <gtest/gtest.h>
#include <sentence_transformers/dataset.h>
#include <sentence_transformers/error.h>

#include <stdexcept>
#include <thread>

#include "data/dataset_support.h"
#include "data/gzip_files.h"
#include "support.h"

namespace sentence_transformers {
namespace {

using namespace test;

TEST(ListDataset, GivesItsExamplesAsOftenAsAsked) {
  const ListDataset dataset({{{"a", "b"}, {1}}, {{"c"}, {}}});
  EXPECT_EQ(dataset.size(), 2);
  for (int i = 0; i < 2; ++i) {
    const auto examples = all_of(dataset);
    ASSERT_EQ(examples.size(), 2u);
    EXPECT_EQ(examples[0].texts, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(examples[0].labels, std::vector<float>{1});
    EXPECT_TRUE(examples[1].labels.empty());
  }
}

TEST(ListDataset, ReadersOutliveIt) {
  std::unique_ptr<Dataset::Reader> reader;
  { reader = ListDataset({{{"a"}, {}}}).read(); }
  Example example;
  EXPECT_TRUE(reader->next(example));
}

TEST(FileDataset, ReadsEachFormat) {
  TempDir dir;
  const fs::path path = dir.path() / "f";
  const auto texts = [&](const std::string& content, FileDatasetOptions options) {
    write_file(path, content);
    std::vector<std::string> texts;
    for (const Example& example : all_of(FileDataset({path}, std::move(options)))) {
      texts.insert(texts.end(), example.texts.begin(), example.texts.end());
    }
    return texts;
  };
  using Texts = std::vector<std::string>;
  EXPECT_EQ(texts("\xef\xbb\xbfone\r\n\ntwo\twords", {.format = FileFormat::lines}),
            (Texts{"one", "two\twords"}));
  EXPECT_EQ(texts("\n\xffx\t\"y\n", {.header = false, .texts = {"1", "0"}}),
            (Texts{"\"y", "\xffx"}));
  EXPECT_EQ(texts("\r\nb,a\r\n\"1\n2\",3\r\n", {.format = FileFormat::csv, .texts = {"a", "b"}}),
            (Texts{"3", "1\n2"}));
  EXPECT_EQ(texts("{\"a\": \"x\"}\r\n\r\n[\"y\"]",
                  tolerant({.format = FileFormat::jsonl, .texts = {"a"}}, 0.5)),
            Texts{"x"});
}

TEST(FileDataset, CountsAndReportsWhatIsBad) {
  TempDir dir;
  const fs::path first = dir.path() / "1.csv", second = dir.path() / "2.csv";
  write_file(first, "score,a,b\n1,x,y\nbad,x,y\n\n2,\"x\n\",y\n3,x\n");
  write_file(second, "a,b,score\nx,y,4\nx,y,nan\n");
  const FileDataset dataset({first, second}, tolerant(kScored, 0.5));
  const auto examples = all_of(dataset);
  expect_equal(by_place(dataset), examples);
  ASSERT_EQ(examples.size(), 3u);
  EXPECT_EQ(examples[1].labels, std::vector<float>{2});
  EXPECT_EQ(examples[2].texts, (std::vector<std::string>{"x", "y"}));
  const ReadReport report = dataset.report();
  EXPECT_EQ(report.examples, 3);
  EXPECT_EQ(report.skipped, 1);
  EXPECT_EQ(report.bad_lines, 3);
  EXPECT_EQ(report.messages,
            (std::vector<std::string>{
                first.string() + ":3: \"score\" is \"bad\"; expected a finite number",
                first.string() + ":7: has 2 columns; expected 3",
                second.string() + ":3: \"score\" is \"nan\"; expected a finite number"}));
}

TEST(FileDataset, KeepsTheFirstTenMessages) {
  TempDir dir;
  std::string content = "a,b,score\n";
  for (int i = 0; i < 1000; ++i) content += "x\n";
  write_file(dir.path() / "f.csv", content + "x,y,1\n");
  const FileDataset dataset({dir.path() / "f.csv"}, tolerant(kScored, 1));
  EXPECT_EQ(dataset.size(), 1);  // reads it for itself
  EXPECT_EQ(dataset.report().bad_lines, 1000);
  EXPECT_EQ(dataset.report().messages.size(), 10u);
}

TEST(FileDataset, StrictThrowsAtTheFirstBadLine) {
  TempDir dir;
  write_file(dir.path() / "f.csv", "a,b,score\nx,y,1\nx,y,\nx,y,2\n");
  const FileDataset dataset({dir.path() / "f.csv"}, kScored);  // as it is unless one asks
  const auto reader = dataset.read();
  Example example;
  EXPECT_TRUE(reader->next(example));
  EXPECT_THROWS(LoadError, reader->next(example), "f.csv:3: \"score\" is \"\"");
  EXPECT_THROWS(LoadError, dataset.size(), "f.csv:3");
}

TEST(FileDataset, RefusesFilesThatDoNotFit) {
  TempDir dir;
  const fs::path path = dir.path() / "f.csv";
  EXPECT_THROWS(std::invalid_argument, FileDataset({}, kScored), "no files");
  EXPECT_THROWS(std::invalid_argument, FileDataset({path}, {}), "texts is empty");
  EXPECT_THROWS(LoadError, FileDataset({path}, kScored), "f.csv", "No such file");
  write_file(path, "a,b\n");
  EXPECT_THROWS(LoadError, FileDataset({path}, kScored), "f.csv", "no column \"score\"", "\"a\"");
  write_file(path, "\r\n");
  EXPECT_THROWS(LoadError, FileDataset({path}, kScored), "f.csv", "empty");
  write_file(path, "\"a,b\n");
  EXPECT_THROWS(LoadError, FileDataset({path}, kScored), "f.csv", "the header has a quote");
}

TEST(FileDataset, FilesMayVanishOrChange) {
  TempDir dir;
  const fs::path path = dir.path() / "f.csv";
  write_file(path, "a,b,score\nx,y,1\n");
  const FileDataset dataset({path}, kScored);
  EXPECT_EQ(dataset.size(), 1);
  write_file(path, "a,b,score\nx,y,1\nx,y,1\n");
  EXPECT_EQ(all_of(dataset).size(), 2u);
  EXPECT_EQ(dataset.size(), 2);
  fs::remove(path);
  EXPECT_THROWS(LoadError, all_of(dataset), "f.csv");
}

TEST(FileDataset, CopiesAndReadersShareIt) {
  TempDir dir;
  write_file(dir.path() / "f.txt", "a\nb\n");
  std::unique_ptr<Dataset::Reader> reader;
  std::shared_ptr<const Dataset> copy;
  {
    const FileDataset dataset({dir.path() / "f.txt"}, {.format = FileFormat::lines});
    copy = std::make_shared<FileDataset>(dataset);
    reader = dataset.read();
  }
  Example example;
  EXPECT_TRUE(reader->next(example));
  EXPECT_EQ(copy->size(), 2);
}

TEST(FileDataset, IsReadBySeveralThreads) {
  TempDir dir;
  std::string content;
  for (int i = 0; i < 20'000; ++i) content += "line " + std::to_string(i) + "\n";
  write_file(dir.path() / "f.txt", content);
  const FileDataset dataset({dir.path() / "f.txt"}, {.format = FileFormat::lines});
  std::vector<std::thread> threads;
  std::vector<int64_t> sizes(4), counts(4);
  for (size_t i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      counts[i] = static_cast<int64_t>(all_of(dataset).size());
      sizes[i] = dataset.size();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counts, std::vector<int64_t>(4, 20'000));
  EXPECT_EQ(sizes, std::vector<int64_t>(4, 20'000));
}

TEST(StsBenchmark, ReadsItsLayout) {
  TempDir dir;
  write_file(dir.path() / "sts-dev.csv",
             "main-captions\tMSRvid\t2012test\t0000\t5.000\tA \"man\" sings.\tA man is singing.\n"
             "main-news\tMSRpar\t2012\t0001\t3.800\tOne.\tTwo.\tsource\tsource\n");
  const auto examples = all_of(sts_benchmark(dir.path() / "sts-dev.csv"));
  ASSERT_EQ(examples.size(), 2u);
  EXPECT_EQ(examples[0].texts, (std::vector<std::string>{"A \"man\" sings.", "A man is singing."}));
  EXPECT_EQ(examples[0].labels, std::vector<float>{1.0f});
  EXPECT_EQ(examples[1].labels, std::vector<float>{3.8f / 5});
  write_file(dir.path() / "bad.csv", "a\tb\tc\td\t5\tx\ty\na\tb\tc\td\tfive\tx\ty\n");
  EXPECT_THROWS(LoadError, sts_benchmark(dir.path() / "bad.csv").size(), "bad.csv:2");
  EXPECT_EQ(sts_benchmark(dir.path() / "bad.csv", 0.5).size(), 1);
}

TEST(Nli, ReadsSnliJsonl) {
  TempDir dir;
  const fs::path path = dir.path() / "snli_1.0_dev.jsonl";
  write_file(
      path,
      R"({"annotator_labels": ["neutral"], "gold_label": "neutral", "sentence1": "P", "sentence2": "H"}
{"gold_label": "-", "sentence1": "P", "sentence2": "H"}
{"gold_label": "entailment", "sentence1": "P", "sentence2": "H2"}
{"gold_label": "contradiction", "sentence1": "P", "sentence2": "H3"}
{"gold_label": "hidden", "sentence1": "P", "sentence2": "H3"}
)");
  EXPECT_THROWS(LoadError, nli(path).size(), ":5: \"gold_label\" is \"hidden\"");
  const FileDataset dataset = nli(path, "train", 0.25);
  const auto examples = all_of(dataset);
  ASSERT_EQ(examples.size(), 3u);
  EXPECT_EQ(examples[0].texts, (std::vector<std::string>{"P", "H"}));
  EXPECT_EQ(examples[0].labels, std::vector<float>{1});
  EXPECT_EQ(examples[1].labels, std::vector<float>{0});
  EXPECT_EQ(examples[2].labels, std::vector<float>{2});
  EXPECT_EQ(dataset.report().skipped, 1);
  EXPECT_EQ(dataset.report().bad_lines, 1);
}

const std::string kAllNli =
    "split\tdataset\tfilename\tsentence1\tsentence2\tlabel\n"
    "train\tSNLI\tsnli_1.0_train.txt\tA \"person\"\tSomeone\tentailment\n"
    "dev\tMultiNLI\tm.txt\tX\tY\tcontradiction\n";

TEST(Nli, ReadsTheAllNliTable) {
  TempDir dir;
  write_file(dir.path() / "AllNLI.tsv", kAllNli);
  const auto train = all_of(nli(dir.path() / "AllNLI.tsv"));
  ASSERT_EQ(train.size(), 1u);
  EXPECT_EQ(train[0].texts, (std::vector<std::string>{"A \"person\"", "Someone"}));
  EXPECT_EQ(train[0].labels, std::vector<float>{0});
  EXPECT_EQ(all_of(nli(dir.path() / "AllNLI.tsv", "dev"))[0].labels, std::vector<float>{2});
  EXPECT_THROWS(std::invalid_argument, nli(dir.path() / "AllNLI.tsv", "tain"), "tain", "train");
}

#ifdef SENTENCE_TRANSFORMERS_ZLIB

TEST(Nli, ReadsGzip) {
  TempDir dir;
  write_file(dir.path() / "AllNLI.tsv.gz", test::gzip(kAllNli));
  EXPECT_EQ(nli(dir.path() / "AllNLI.tsv.gz").size(), 1);
  write_file(dir.path() / "a.jsonl.gz",
             test::gzip(R"({"gold_label": "neutral", "sentence1": "P", "sentence2": "H"})"));
  EXPECT_EQ(nli(dir.path() / "a.jsonl.gz").size(), 1);
}

// What came before the cut is given; then the reading ends with an error, not as if complete.
TEST(FileDataset, ACutGzipFileThrows) {
  TempDir dir;
  std::string content;
  for (int i = 0; i < 200'000; ++i) content += "line " + std::to_string(i * 7919 % 10007) + "\n";
  const std::string packed = test::gzip(content);
  write_file(dir.path() / "f.gz", packed.substr(0, packed.size() - 20));
  const FileDataset dataset({dir.path() / "f.gz"}, {.format = FileFormat::lines});
  const auto reader = dataset.read();
  Example example;
  EXPECT_TRUE(reader->next(example));
  EXPECT_EQ(example.texts[0], "line 0");
  EXPECT_THROWS(LoadError, while (reader->next(example)){}, "f.gz", "cut off");
  EXPECT_THROWS(LoadError, dataset.size(), "f.gz", "cut off");
}

#endif

}  // namespace
}  // namespace sentence_transformers
