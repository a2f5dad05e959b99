// Numbers and csv files are Python's to the letter.
#include "evaluation/report.h"

#include <sentence_transformers/error.h>

#include "evaluation/golden_evaluation.h"

namespace sentence_transformers {
namespace {

namespace fs = std::filesystem;

TEST(EvaluationReport, NumbersAsPythonPrintsThem) {
  for (const auto& c : test::golden_evaluation()["numbers"]) {
    const double value = c["value"];
    EXPECT_EQ(python_str(value), c["float64"]);
    EXPECT_EQ(python_str(static_cast<float>(value)), c["float32"]);
  }
  EXPECT_EQ(python_str(std::nan("")), "nan");
  EXPECT_EQ(python_str(-INFINITY), "-inf");
  EXPECT_EQ(python_str(std::numeric_limits<float>::infinity()), "inf");
}

TEST(EvaluationReport, CsvGrowsByALine) {
  const test::TempDir dir;
  const fs::path folder = dir.path() / "a/b";
  Report report;
  report.add("cosine_ap", "ap", 0.1);
  report.add("cosine_threshold", "threshold", 0.1f);
  report.add_column("MSE", 2.0);
  report.add_metric("negative_mse", -2.0);
  const EvaluatorOptions options{.name = "dev"};
  const Metrics metrics = report.finish(options, {.output_path = folder}, "x.csv");
  EXPECT_EQ(metrics,
            (Metrics{{"dev_ap", 0.1}, {"dev_threshold", 0.1f}, {"dev_negative_mse", -2.0}}));
  const std::string first = "epoch,steps,cosine_ap,cosine_threshold,MSE\r\n-1,-1,0.1,0.1,2.0\r\n";
  EXPECT_EQ(read_file(folder / "x.csv"), first);
  report.finish(options, {.output_path = folder, .epoch = 2, .steps = 7}, "x.csv");
  EXPECT_EQ(read_file(folder / "x.csv"), first + "2.0,7,0.1,0.1,2.0\r\n");
  report.finish(options, {.output_path = folder}, "unix.csv", "\n");
  EXPECT_EQ(read_file(folder / "unix.csv"),
            "epoch,steps,cosine_ap,cosine_threshold,MSE\n-1,-1,0.1,0.1,2.0\n");
}

TEST(EvaluationReport, WritesOnlyWhereItShall) {
  const test::TempDir dir;
  Report report;
  report.add("a", "a", 1.0);
  EXPECT_EQ(report.finish({}, {}, "x.csv").at("a"), 1);
  report.finish({.write_csv = false}, {.output_path = dir.path()}, "x.csv");
  EXPECT_TRUE(fs::is_empty(dir.path()));
  EXPECT_FALSE(fs::exists("x.csv"));
}

TEST(EvaluationReport, DiskRefuses) {
  const test::TempDir dir;
  test::write_file(dir.path() / "file", "");
  fs::create_directory(dir.path() / "x.csv");
  const Report report;
  EXPECT_THROWS(Error, report.finish({}, {.output_path = dir.path() / "file"}, "x.csv"),
                "[Evaluator]", "file", "cannot be written");
  EXPECT_THROWS(Error, report.finish({}, {.output_path = dir.path()}, "x.csv"), "x.csv",
                "cannot be written");
  EXPECT_THROWS(Error, report.finish({}, {.output_path = dir.path()}, "no/folder.csv"),
                "No such file");
}

}  // namespace
}  // namespace sentence_transformers
