// A file on its way: what is kept, what is thrown away, what the disk may do.
#include "hub/partial_file.h"

#include <sentence_transformers/error.h>

#include "core/files.h"
#include "hub/hub_server.h"
#include "support.h"

namespace sentence_transformers {
namespace {

using namespace test;

class PartialFileTest : public testing::Test {
 protected:
  TempDir dir_;
  const std::string content_ = "some bytes";
  const TreeFile expected_{content_.size(), git_hash_of(content_), {}, {}};
  const fs::path blob_ = dir_.path() / expected_.etag();
  const fs::path path_ = blob_.string() + ".incomplete";
};

TEST_F(PartialFileTest, TakesItsPlaceOnlyWhenWhole) {
  PartialFile file(blob_, expected_);
  EXPECT_EQ(file.finish(), "expected 10 bytes, found 0");
  file.write(content_);
  EXPECT_FALSE(fs::exists(blob_));
  EXPECT_EQ(file.finish(), "");
  EXPECT_EQ(read_file(blob_), content_);
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(PartialFileTest, GoesOnFromWhatIsThere) {
  { PartialFile(blob_, expected_).write("some "); }
  PartialFile file(blob_, expected_);
  EXPECT_EQ(file.size(), 5u);
  file.write("bytes");
  EXPECT_EQ(file.finish(), "");
  EXPECT_EQ(read_file(blob_), content_);
}

TEST_F(PartialFileTest, WrongBytesAreThrownAway) {
  PartialFile file(blob_, expected_);
  file.write("SOME bytes");
  EXPECT_EQ(file.finish(),
            "expected git's SHA-1 " + expected_.etag() + ", found " + git_hash_of("SOME bytes"));
  EXPECT_EQ(file.size(), 0u);
  EXPECT_EQ(fs::file_size(path_), 0u);
}

TEST_F(PartialFileTest, WhatStandsInTheWayIsNamed) {
  fs::create_directories(path_);
  EXPECT_THROWS(Error, PartialFile(blob_, expected_), "[download] " + path_.string(),
                "Is a directory");
  fs::remove(path_);
  write_file(dir_.path() / "elsewhere", "x");
  fs::create_symlink(dir_.path() / "elsewhere", path_);
  EXPECT_THROWS(Error, PartialFile(blob_, expected_), "[download] " + path_.string());
  EXPECT_EQ(read_file(dir_.path() / "elsewhere"), "x");
  fs::remove(path_);
  PartialFile file(blob_, expected_);
  file.write(content_);
  fs::create_directories(blob_);
  EXPECT_THROWS(Error, file.finish(), "[download] " + blob_.string());
}

}  // namespace
}  // namespace sentence_transformers
