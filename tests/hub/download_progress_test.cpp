#include "hub/download_progress.h"

#include "support.h"
#include "terminal.h"

namespace sentence_transformers {
namespace {

TEST(DownloadProgress, LinesShowSizesRateAndTimeLeft) {
  EXPECT_EQ(download_line("w", 41000000, 0, 90900000, 3, 10),
            "w: 45%|####      | 41.0/90.9 MB [00:03<00:04, 13.7 MB/s]");
  EXPECT_EQ(download_line("w", 41000000, 21000000, 90900000, 2, 0),
            "w: 45% 41.0/90.9 MB [00:02<00:05, 10.0 MB/s]");
  EXPECT_EQ(download_line("c", 612, 0, 612, 0.5, 0), "c: 100% 612/612 B [00:01<00:00, 1.2 kB/s]");
  EXPECT_EQ(download_line("c", 0, 0, 0, 0, 0), "c: 100% 0/0 B [00:00<?, 0 B/s]");
  EXPECT_EQ(download_line("g", 0, 0, 2500000000, 1, 0), "g: 0% 0.0/2.5 GB [00:01<?, 0 B/s]");
}

TEST(DownloadProgress, OffATerminalALineAFileAndTheTotal) {
  Tree files;
  files["a"] = {2000, "", {}, {}};
  files["b"] = {500, "", {}, {}};
  testing::internal::CaptureStderr();
  {
    DownloadProgress progress(files, true);
    progress.add("b", 500, true);
    progress.finish("b");
    progress.add("a", 1500);
    progress.add("a", -1500);
    progress.add("a", 2000);
    progress.finish("a");
  }
  const std::string shown = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(shown.starts_with("b: 100% 500/500 B [00:00<")) << shown;
  EXPECT_NE(shown.find("\na: 100% 2.0/2.0 kB ["), std::string::npos) << shown;
  EXPECT_NE(shown.find("\nDownloading 2/2 files: 100% 2.5/2.5 kB ["), std::string::npos) << shown;
  EXPECT_EQ(shown.find('\r'), std::string::npos);
}

TEST(DownloadProgress, OnATerminalTheTotalRedrawsItselfWithinTheLine) {
  for (const int columns : {40, 80, 200}) {
    const std::string shown = test::on_terminal(static_cast<unsigned short>(columns), [] {
      DownloadProgress progress({{"a", {2000, "", {}, {}}}, {"b", {2000, "", {}, {}}}}, true);
      for (int part = 0; part < 2; ++part) {
        usleep(110'000);
        progress.add("a", 1000);
      }
      progress.finish("a");
    });
    if (shown.empty()) GTEST_SKIP() << "no terminal";
    EXPECT_NE(shown.find("\rDownloading 0/2 files: 25%"), shown.npos) << shown;
    EXPECT_NE(shown.find("\rDownloading 0/2 files: 50%"), shown.npos) << shown;
    EXPECT_NE(shown.find("\ra: 100%"), shown.npos) << shown;
    EXPECT_EQ(shown.find("25%|#") != shown.npos, columns > 64) << shown;
    for (size_t begin = 0; (begin = shown.find('\r', begin)) != shown.npos; ++begin) {
      const size_t end = shown.find_first_of("\x1b\n", begin);
      ASSERT_NE(end, shown.npos) << shown;
      EXPECT_LT(end - begin - 1, static_cast<size_t>(columns)) << shown;
    }
  }
}

TEST(DownloadProgress, ShowsNothingUnlessAsked) {
  testing::internal::CaptureStderr();
  {
    DownloadProgress progress({{"a", {1, "", {}, {}}}}, false);
    progress.add("a", 1);
    progress.finish("a");
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace sentence_transformers
