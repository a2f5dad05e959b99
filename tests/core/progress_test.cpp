// The progress bar's text, and where it writes it.
#include "core/progress.h"

#include <pty.h>

#include "support.h"

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

TEST(ProgressBar, RedrawsItselfOnATerminal) {
  int leader = -1, terminal = -1;
  if (openpty(&leader, &terminal, nullptr, nullptr, nullptr) != 0) GTEST_SKIP() << "no terminal";
  std::fflush(stderr);
  const int old = dup(STDERR_FILENO);
  dup2(terminal, STDERR_FILENO);
  {
    ProgressBar bar("Encoding", 4, true, "pair");
    bar.update(2);
  }
  dup2(old, STDERR_FILENO);
  char text[512];
  const ssize_t size = read(leader, text, sizeof text);
  for (const int file : {old, leader, terminal}) close(file);
  ASSERT_GT(size, 0);
  const std::string line(text, static_cast<size_t>(size));
  EXPECT_TRUE(line.starts_with("\rEncoding: 50%|" + std::string(15, '#') + std::string(15, ' ') +
                               "| 2/4 ["))
      << line;
  EXPECT_TRUE(line.ends_with(" pair/s]\r\n")) << line;  // the terminal adds the \r
}

}  // namespace
}  // namespace sentence_transformers
