#include "hub/hash.h"

#include "support.h"

namespace sentence_transformers {
namespace {

template <class Hash>
std::string hash_of(const std::string& text, size_t piece = 1 << 20) {
  Hash hash;
  for (size_t i = 0; i < text.size(); i += piece) {
    hash.update(text.data() + i, std::min(piece, text.size() - i));
  }
  return hash.finish();
}

// Python's hashlib.
TEST(Hash, Sha256) {
  EXPECT_EQ(hash_of<Sha256>(""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hash_of<Sha256>("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hash_of<Sha256>(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Hash, Sha1) {
  EXPECT_EQ(hash_of<Sha1>(""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(hash_of<Sha1>("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(hash_of<Sha1>(std::string(1000000, 'a')), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}

TEST(Hash, PiecesMakeNoDifference) {
  for (size_t size = 0; size < 200; ++size) {
    const std::string text(size, 'x');
    for (const size_t piece : {1, 7, 63, 64, 65}) {
      EXPECT_EQ(hash_of<Sha256>(text, piece), hash_of<Sha256>(text)) << size << " " << piece;
      EXPECT_EQ(hash_of<Sha1>(text, piece), hash_of<Sha1>(text)) << size << " " << piece;
    }
  }
}

// `printf 'what is up, doc?' | git hash-object --stdin`
TEST(Hash, GitNamesAFileByItsSizeAndContent) {
  const std::string text = "what is up, doc?";
  ContentHash git(std::string(40, '0'), text.size());
  git.update(text.data(), text.size());
  EXPECT_EQ(git.finish(), "bd9dbf5aae1a3862dd1526723246b20206e5fc37");
  EXPECT_STREQ(git.name(), "git's SHA-1");
  ContentHash large(std::string(64, '0'), text.size());
  large.update(text.data(), text.size());
  EXPECT_EQ(large.finish(), hash_of<Sha256>(text));
  EXPECT_STREQ(large.name(), "SHA-256");
}

TEST(Hash, HexadecimalIsLowerCaseAndOfItsLength) {
  EXPECT_TRUE(is_hexadecimal("09af", 4));
  EXPECT_FALSE(is_hexadecimal("09af", 5));
  EXPECT_FALSE(is_hexadecimal("09aF", 4));
  EXPECT_FALSE(is_hexadecimal("../a", 4));
}

}  // namespace
}  // namespace sentence_transformers
