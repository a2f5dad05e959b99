// The progress bar's text, and where it writes it.
#include "core/progress.h"

#include "support.h"
#include "terminal.h"

namespace sentence_transformers {
namespace {

TEST(ProgressLine, ShowsPartTimeAndRate) {
  EXPECT_EQ(progress_line("Encoding", 450, 1000, 3.0, "text", 10),
            "Encoding: 45%|####      | 450/1000 [00:03<00:04, 150.00 text/s]");
  EXPECT_EQ(progress_line("Encoding", 450, 1000, 3.0, "text", 0),
            "Encoding: 45% 450/1000 [00:03<00:04, 150.00 text/s]");
  EXPECT_EQ(progress_line("a", 0, 8, 0.0, "batch", 4), "a: 0%|    | 0/8 [00:00<?, 0.00 batch/s]");
  EXPECT_EQ(progress_line("a", 0, 8, 2.0, "batch", 4), "a: 0%|    | 0/8 [00:02<?, 0.00 batch/s]");
  EXPECT_EQ(progress_line("a", 8, 8, 2.0, "x", 4), "a: 100%|####| 8/8 [00:02<00:00, 4.00 x/s]");
  EXPECT_EQ(progress_line("a", 0, 0, 1.0, "x", 2), "a: 100%|##| 0/0 [00:01<?, 0.00 x/s]");
}

TEST(ProgressLine, ShowsHours) {
  EXPECT_EQ(progress_line("a", 1, 3, 3599.0, "x", 0), "a: 33% 1/3 [59:59<1:59:58, 0.00 x/s]");
  EXPECT_EQ(progress_line("a", 3, 4, 36061.0, "x", 0), "a: 75% 3/4 [10:01:01<3:20:20, 0.00 x/s]");
}

std::string stderr_of(bool enabled) {
  testing::internal::CaptureStderr();
  {
    ProgressBar bar("Encoding", 100, enabled);
    for (int i = 1; i <= 100; ++i) bar.update(i);
  }
  return testing::internal::GetCapturedStderr();
}

TEST(ProgressBar, IsSilentUnlessAskedFor) { EXPECT_EQ(stderr_of(false), ""); }

TEST(ProgressBar, WritesPlainLinesWhereThereIsNoTerminal) {
  const std::string text = stderr_of(true);
  EXPECT_TRUE(text.starts_with("Encoding: 100% 100/100 [00:00<00:00, ")) << text;
  EXPECT_TRUE(text.ends_with(" text/s]\n")) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);  // ten seconds apart
  EXPECT_EQ(text.find('\r'), text.npos);
}

TEST(ProgressLine, SurvivesMoreThanEverything) {
  EXPECT_EQ(progress_line("a", 12, 8, 2.0, "x", 4), "a: 100%|####| 12/8 [00:02<00:00, 6.00 x/s]");
  EXPECT_EQ(progress_line("a", -1, 8, 2.0, "x", 4), "a: 0%|    | -1/8 [00:02<?, -0.50 x/s]");
}

std::string fitted(int columns, const std::string& note = "") {
  return fitted_progress_line("Training", 5, 10, 2.0, "batch", columns, 0, note);
}

TEST(ProgressLine, ShrinksTheBarThenTheNoteThenTheRest) {
  const std::string tail = " 5/10 [00:02<00:02, 2.50 batch/s";
  EXPECT_EQ(fitted(200),
            "Training: 50%|" + std::string(15, '#') + std::string(15, ' ') + "|" + tail + "]");
  EXPECT_EQ(fitted(56), "Training: 50%|####    |" + tail + "]");
  EXPECT_EQ(fitted(56, "loss 0.1"), "Training: 50%" + tail + ", loss 0.1]");
  EXPECT_EQ(fitted(50, "loss 0.1"), "Training: 50%" + tail + ", lo]");
  EXPECT_EQ(fitted(50, "\u00e4\u00e4\u00e4\u00e4\u00e4"),
            "Training: 50%" + tail + ", \u00e4\u00e4]");
  EXPECT_EQ(fitted(46, "loss 0.1"), "Training: 50%" + tail + "]");
  EXPECT_EQ(fitted(12, "loss 0.1"), "Training: 50");
  EXPECT_EQ(fitted(0), "");
}

TEST(ProgressBar, RedrawsItselfOnATerminal) {
  const std::string line = test::on_terminal(100, [] {
    ProgressBar bar("Encoding", 4, true, "pair");
    bar.update(2);
  });
  if (line.empty()) GTEST_SKIP() << "no terminal";
  EXPECT_TRUE(line.starts_with("\rEncoding: 50%|" + std::string(15, '#') + std::string(15, ' ') +
                               "| 2/4 ["))
      << line;
  EXPECT_TRUE(line.ends_with(" pair/s]\x1b[K\r\n")) << line;  // the terminal adds the \r
}

TEST(ProgressBar, StaysOnOneLineOfTheTerminal) {
  for (const int columns : {0, 40, 80, 200}) {
    const std::string text = test::on_terminal(static_cast<unsigned short>(columns), [] {
      ProgressBar bar("Training epoch 1", 100'000, true, "batch");
      for (const char* note : {"", "loss 0.1234, learning rate 2.00e-05, gradient norm 1.25"}) {
        usleep(110'000);
        bar.update(note[0] ? 99'999 : 3, note);
      }
    });
    if (text.empty()) GTEST_SKIP() << "no terminal";
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << columns;
    size_t lines = 0;
    for (size_t begin = text.find('\r'); begin != text.npos && text[begin + 1] != '\n'; ++lines) {
      const size_t end = text.find("\x1b[K", begin);
      ASSERT_NE(end, text.npos) << text;
      EXPECT_LT(end - begin - 1, columns ? static_cast<size_t>(columns) : 80u) << text;
      EXPECT_GT(end - begin - 1, 30u) << text;
      begin = text.find('\r', end);
    }
    EXPECT_EQ(lines, 3u) << text;  // two updates and the end
  }
}

TEST(ProgressBar, MoreThanEverythingDoesNotEndTheProgram) {
  const std::string text = test::on_terminal(80, [] {
    ProgressBar bar("Encoding", 4, true);
    bar.update(1'000'000);
  });
  if (text.empty()) GTEST_SKIP() << "no terminal";
  EXPECT_NE(text.find("100%|##"), text.npos) << text;
  EXPECT_NE(text.find("1000000/4"), text.npos) << text;
}

}  // namespace
}  // namespace sentence_transformers
