#include "hub/tree.h"

#include <sentence_transformers/error.h>

#include "core/files.h"
#include "support.h"

namespace sentence_transformers {
namespace {

using namespace test;

const std::string kGit(40, 'a'), kSha(64, 'b'), kXet(64, 'c');

TEST(Tree, TakesFilesAndLeavesFolders) {
  Tree tree;
  add_tree_page(R"([{"type": "directory", "path": "d", "oid": "x"},
                    {"type": "file", "path": "d/a.json", "oid": ")" +
                    kGit + R"(", "size": 3},
                    {"type": "file", "path": "w", "oid": ")" +
                    kGit + R"(", "size": 134,
                     "lfs": {"oid": ")" +
                    kSha + R"(", "size": 5000000000, "pointerSize": 134},
                     "xetHash": ")" +
                    kXet + R"("}])",
                "", tree);
  ASSERT_EQ(tree.size(), 2u);
  EXPECT_EQ(tree.at("d/a.json").size, 3u);
  EXPECT_EQ(tree.at("d/a.json").etag(), kGit);
  EXPECT_EQ(tree.at("w").size, 5000000000u);
  EXPECT_EQ(tree.at("w").etag(), kSha);
}

// Byte for byte what huggingface_hub 2.4 writes for the same list.
TEST(Tree, IsKeptAsHuggingFaceKeepsIt) {
  const TempDir dir;
  const fs::path path = dir.path() / "tree.json";
  Tree tree;
  tree["w"] = {5000, kGit, kSha, kXet};
  tree["d/\xc3\xa4"] = {3, kGit, {}, {}};
  write_tree(path, tree);
  const std::string expected =
      "{\n \"format_version\": 1,\n \"files\": {\n  \"d/\\u00e4\": {\n"
      "   \"size\": 3,\n   \"blob_id\": \"" +
      kGit +
      "\"\n  },\n"
      "  \"w\": {\n   \"size\": 5000,\n   \"blob_id\": \"" +
      kGit + "\",\n   \"lfs_sha256\": \"" + kSha +
      "\",\n   \"lfs_size\": 5000,\n   \"xet_hash\": \"" + kXet + "\"\n  }\n }\n}";
  EXPECT_EQ(read_file(path), expected);
  const auto again = read_tree(path);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->at("w").etag(), kSha);
  EXPECT_EQ(again->at("w").size, 5000u);
  EXPECT_EQ(again->at("w").xet_hash, kXet);
  EXPECT_EQ(again->at("d/\xc3\xa4").etag(), kGit);
}

TEST(Tree, AKeptListThatCannotBeUsedIsNone) {
  const TempDir dir;
  const fs::path path = dir.path() / "tree.json";
  EXPECT_FALSE(read_tree(path));
  for (const std::string text :
       {"", "{", "[]", R"({"format_version": 2, "files": {}})", R"({"format_version": 1})",
        R"({"format_version": 1, "files": {"a": {"size": 1}}})",
        R"({"format_version": 1, "files": {"a": {"size": 1, "blob_id": "../x"}}})",
        R"({"format_version": 1, "files": {"../a":
            {"size": 1, "blob_id": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}}})",
        R"({"format_version": 1, "files": {"a":
            {"size": -1, "blob_id": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}}})"}) {
    write_file(path, text);
    EXPECT_FALSE(read_tree(path)) << text;
  }
  write_file(path, R"({"format_version": 1, "files": {}})");
  EXPECT_TRUE(read_tree(path));
}

}  // namespace
}  // namespace sentence_transformers
