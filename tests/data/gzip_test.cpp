// Plain and gzip files as bytes: members, damage, and what a build without zlib says.
#include "data/gzip.h"

#include <gtest/gtest.h>
#include <sentence_transformers/error.h>

#include "data/gzip_files.h"
#include "support.h"

namespace sentence_transformers {
namespace {

namespace fs = std::filesystem;
using test::TempDir;
using test::write_file;

std::string read_all(const fs::path& path, size_t piece = 1000) {
  const auto source = open_bytes(path);
  std::string text, buffer(piece, '\0');
  while (const size_t count = source->read(buffer.data(), buffer.size())) {
    text.append(buffer, 0, count);
  }
  EXPECT_EQ(source->read(buffer.data(), buffer.size()), 0u);
  return text;
}

TEST(Gzip, PlainFilesComeAsTheyAre) {
  TempDir dir;
  for (const std::string& text : {std::string(""), std::string("\x1f"), std::string("a\0b\n", 4)}) {
    write_file(dir.path() / "f", text);
    EXPECT_EQ(read_all(dir.path() / "f"), text);
  }
}

TEST(Gzip, RefusesWhatIsNoFile) {
  TempDir dir;
  EXPECT_THROWS(LoadError, open_bytes(dir.path() / "none"), "none", "No such file");
  EXPECT_THROWS(LoadError, open_bytes(dir.path()), dir.path().string(), "a folder");
  EXPECT_THROWS(LoadError, open_bytes("/dev/null"), "/dev/null", "a device");
}

#ifdef SENTENCE_TRANSFORMERS_ZLIB

std::string long_text() {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "line " + std::to_string(i * 7919 % 10007) + "\n";
  return text;
}

TEST(Gzip, UnpacksByContentNotByName) {
  TempDir dir;
  const std::string text = long_text();
  write_file(dir.path() / "data.txt", test::gzip(text));
  for (const size_t piece : {1000u, 1u << 18, 1u << 22}) {
    EXPECT_EQ(read_all(dir.path() / "data.txt", piece), text);
  }
  write_file(dir.path() / "plain.gz", text);
  EXPECT_EQ(read_all(dir.path() / "plain.gz"), text);
  write_file(dir.path() / "empty.gz", test::gzip(""));
  EXPECT_EQ(read_all(dir.path() / "empty.gz"), "");
}

TEST(Gzip, MembersFollowEachOther) {
  TempDir dir;
  const fs::path path = dir.path() / "two.gz";
  write_file(path, test::gzip("one\n") + test::gzip("") + test::gzip(long_text()));
  EXPECT_EQ(read_all(path), "one\n" + long_text());
  write_file(path, test::gzip("one\n") + std::string(70'000, '\0') + test::gzip("two"));
  EXPECT_EQ(read_all(path), "one\ntwo");
  write_file(path, test::gzip("one\n") + std::string(70'000, '\0'));
  EXPECT_EQ(read_all(path), "one\n");
}

// Wherever it is cut: header, data, checksum.
TEST(Gzip, CutOffFilesThrow) {
  TempDir dir;
  const std::string whole = test::gzip("some text that is packed");
  for (size_t size = 2; size < whole.size(); ++size) {
    write_file(dir.path() / "cut.gz", whole.substr(0, size));
    EXPECT_THROWS(LoadError, read_all(dir.path() / "cut.gz"), "cut.gz", "cut off");
  }
  write_file(dir.path() / "cut.gz", whole + whole.substr(0, 5));
  EXPECT_THROWS(LoadError, read_all(dir.path() / "cut.gz"), "cut.gz", "cut off");
}

TEST(Gzip, DamagedFilesThrow) {
  TempDir dir;
  const fs::path path = dir.path() / "bad.gz";
  std::string damaged = test::gzip(long_text());
  damaged[damaged.size() / 2] ^= 0x55;
  write_file(path, damaged);
  EXPECT_THROWS(LoadError, read_all(path), "bad.gz", "damaged");
  std::string checksum = test::gzip("text");
  checksum[checksum.size() - 8] ^= 1;
  write_file(path, checksum);
  EXPECT_THROWS(LoadError, read_all(path), "bad.gz", "damaged: incorrect data check");
  write_file(path, test::gzip("text") + "something else");
  EXPECT_THROWS(LoadError, read_all(path), "bad.gz", "damaged: incorrect header check");
}

#else

TEST(Gzip, SaysThatThereIsNoZlib) {
  TempDir dir;
  write_file(dir.path() / "f.gz", std::string("\x1f\x8b\x08\0", 4));
  EXPECT_THROWS(UnsupportedError, open_bytes(dir.path() / "f.gz"), "f.gz", "no zlib");
}

#endif

}  // namespace
}  // namespace sentence_transformers
