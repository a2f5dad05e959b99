// XXH64 against known values, one for each way through it.
#include "core/xxh64.h"

#include <gtest/gtest.h>

#include <string>

namespace sentence_transformers {
namespace {

uint64_t hash(const std::string& text, uint64_t seed = 0) {
  return xxh64(text.data(), text.size(), seed);
}

TEST(Xxh64, KnownValues) {
  EXPECT_EQ(hash(""), 0xEF46DB3751D8E999);
  EXPECT_EQ(hash("a"), 0xD24EC4F1A98C6E5B);
  EXPECT_EQ(hash("abcd"), 0xDE0327B0D25D92CC);
  EXPECT_EQ(hash("abcdefgh"), 0x3AD351775B4634B7);
  EXPECT_EQ(hash("abc", 7), 0x9E755206156676D7);
  std::string text;
  for (int i = 0; i < 1000; ++i) text += static_cast<char>(i * 7 % 256);
  EXPECT_EQ(hash(text.substr(0, 31)), 0x0F187C62B1E722B7);
  EXPECT_EQ(hash(text.substr(0, 32)), 0x91B0CB0931A8C629);
  EXPECT_EQ(hash(text.substr(0, 33)), 0x931B043CF8D65B94);
  EXPECT_EQ(hash(text.substr(0, 63)), 0x219110BF13E2FA26);
  EXPECT_EQ(hash(text.substr(0, 111)), 0xF53ED9F22184BC0C);
  EXPECT_EQ(hash(text.substr(0, 1000)), 0x25275608A9CFC168);
  EXPECT_EQ(hash(text, 0xFFFFFFFFFFFFFFFF), 0x57B757B90E7E93B0);
}

TEST(Xxh64, SeesEveryBit) {
  std::string text(77, 'x');
  const uint64_t before = hash(text);
  for (size_t i = 0; i < 8 * text.size(); ++i) {
    text[i / 8] ^= static_cast<char>(1 << i % 8);
    EXPECT_NE(hash(text), before) << i;
    text[i / 8] ^= static_cast<char>(1 << i % 8);
  }
}

}  // namespace
}  // namespace sentence_transformers
