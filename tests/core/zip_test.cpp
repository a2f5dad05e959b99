#include "core/zip.h"

#include <sentence_transformers/error.h>

#include "core/zip_archives.h"
#include "support.h"

namespace sentence_transformers {
namespace {

using namespace test;

class ZipTest : public testing::Test {
 protected:
  ZipFile open(const std::string& bytes) {
    write_file(path_, bytes);
    return ZipFile(MappedFile::open(path_), "[Test] ");
  }
  std::string read(const ZipFile& zip, const std::string& name) {
    const std::vector<std::byte> content = zip.read(*zip.find(name));
    return {reinterpret_cast<const char*>(content.data()), content.size()};
  }
  void expect_refused(const std::string& bytes, const std::string& text) {
    EXPECT_THROWS(LoadError, open(bytes), "[Test] ", text);
  }

  TempDir dir_;
  const fs::path path_ = dir_.path() / "file.zip";
};

TEST_F(ZipTest, FindsItsEntries) {
  for (const bool zip64 : {false, true}) {
    const ZipFile zip = open(zip_archive({{"a", "one"}, {"b/c", ""}}, zip64));
    EXPECT_EQ(zip.entries().size(), 2u);
    EXPECT_EQ(read(zip, "a"), "one");
    EXPECT_EQ(read(zip, "b/c"), "");
    EXPECT_EQ(zip.find("c"), nullptr);
  }
  EXPECT_TRUE(open(zip_archive({})).entries().empty());
}

TEST_F(ZipTest, ACommentMayFollow) {
  std::string bytes = zip_archive({{"a", "one"}});
  bytes.replace(bytes.size() - 2, 2, little_endian(4, 2));
  EXPECT_EQ(read(open(bytes + "text"), "a"), "one");
  expect_refused(bytes + "tex", "has no end");
}

TEST_F(ZipTest, RefusesAnIncompleteFile) {
  const std::string whole = zip_archive({{"a", "one"}}, true);
  for (size_t size = 0; size < whole.size(); ++size) {
    expect_refused(whole.substr(0, size), "zip archive");
  }
}

TEST_F(ZipTest, RefusesAnyWrongSizeWithoutReadingElsewhere) {
  const std::string whole = zip_archive({{"a", "one"}}, true);
  for (size_t at = 0; at < whole.size(); ++at) {
    for (const char byte : {'\xff', '\0'}) {
      std::string changed = whole;
      changed[at] = byte;
      try {
        const ZipFile zip = open(changed);
        for (const auto& [name, entry] : zip.entries()) zip.read(entry);
      } catch (const LoadError&) {
      } catch (const UnsupportedError&) {
      }
    }
  }
}

TEST_F(ZipTest, RefusesEntriesOutsideOfTheFile) {
  TestEntry entry{"a", "one"};
  entry.stored_size = entry.whole_size = 100;
  expect_refused(zip_archive({entry}), "zip entry \"a\": 100 bytes lie outside of the archive");
  entry.stored_size = entry.whole_size = UINT64_MAX - 1;
  expect_refused(zip_archive({entry}, true), "lie outside of the archive");
  TestEntry far{"a", "one"};
  far.local_offset = uint64_t{1} << 62;
  expect_refused(zip_archive({far}, true), "entry lies outside of the file");
}

TEST_F(ZipTest, RefusesEntriesOverEachOther) {
  TestEntry second{"a2", "two"};
  second.local_offset = 0;
  second.local_name = "a2";
  TestEntry first{"a1", "one"};
  first.local_name = "a2";
  expect_refused(zip_archive({first, second}), "its header does not fit the directory");
  TestEntry same{"a", "two"};
  same.local_offset = 0;
  expect_refused(zip_archive({{"a", "one"}, same}), "zip entry \"a\": is there twice");
  // An entry inside another one's bytes.
  const std::string inner =
      "PK\3\4" + std::string(22, '\0') + little_endian(1, 2) + little_endian(0, 2) + "i" + "xxx";
  TestEntry inside{"i", "unused"};
  inside.local_offset = 30 + 1;
  inside.stored_size = 3;
  expect_refused(zip_archive({{"o", inner}, inside}), "zip entries \"o\" and \"i\" overlap");
}

TEST_F(ZipTest, RefusesWhatItCannotRead) {
  TestEntry entry{"a", "one"};
  entry.method = 12;
  EXPECT_THROWS(UnsupportedError, open(zip_archive({entry})), "compressed by method 12");
  entry.method = 0;
  entry.flags = 1;
  EXPECT_THROWS(UnsupportedError, open(zip_archive({entry})), "is encrypted");
  entry.flags = 0;
  entry.whole_size = 4;
  expect_refused(zip_archive({entry}), "is stored, but its two sizes differ");
}

TEST_F(ZipTest, RefusesABrokenDirectory) {
  std::string bytes = zip_archive({{"a", "one"}});
  const size_t directory = bytes.find("PK\1\2");
  std::string changed = bytes;
  changed[directory] = 'X';
  expect_refused(changed, "directory is broken");
  changed = bytes;
  changed.replace(changed.size() - 12, 2, little_endian(9, 2));
  expect_refused(changed, "directory is too short for its 9 entries");
  changed = zip_archive({{"a", "one"}}, true);
  changed[changed.find("PK\6\6")] = 'X';
  expect_refused(changed, "zip64 record is missing");
  changed = zip_archive({{"a", "one"}}, true);
  changed.replace(changed.find(little_endian(24, 2) + little_endian(3, 8)), 2, little_endian(8, 2));
  expect_refused(changed, "its zip64 field is too short");
}

TEST_F(ZipTest, InflatesNoMoreThanAStreamCanHold) {
  // An empty final block and nothing else.
  TestEntry entry{"a", std::string("\x03\x00", 2)};
  entry.method = 8;
  entry.whole_size = 0;
  const ZipFile zip = open(zip_archive({entry}));
#ifdef SENTENCE_TRANSFORMERS_ZLIB
  EXPECT_EQ(read(zip, "a"), "");
  entry.whole_size = 1 << 30;
  const ZipFile bomb = open(zip_archive({entry}));
  EXPECT_THROWS(LoadError, read(bomb, "a"), "2 bytes cannot become 1073741824");
  entry.whole_size = 5;
  const ZipFile short_one = open(zip_archive({entry}));
  EXPECT_THROWS(LoadError, read(short_one, "a"), "deflated zip entry is broken");
  entry.content = "\xff\xff";
  const ZipFile broken = open(zip_archive({entry}));
  EXPECT_THROWS(LoadError, read(broken, "a"), "deflated zip entry is broken");
#else
  EXPECT_THROWS(UnsupportedError, read(zip, "a"), "built without zlib");
#endif
}

}  // namespace
}  // namespace sentence_transformers
