// UTF-8 both ways, invalid bytes as Python replaces them.
#include "core/utf8.h"

#include "support.h"

namespace sentence_transformers {
namespace {

std::u32string decode(std::string_view text) {
  std::u32string decoded;
  for (size_t i = 0; i < text.size();) decoded += decode_utf8(text, i);
  return decoded;
}

/// Ends at the last byte of a page that is all there is, so that a sanitizer sees a read behind it.
std::u32string decode_exact(const std::string& text) {
  const std::unique_ptr<char[]> copy(new char[text.size()]);
  std::copy(text.begin(), text.end(), copy.get());
  return decode({copy.get(), text.size()});
}

struct Row {
  std::string bytes;
  std::u32string code_points;
};

TEST(Utf8, BothWays) {
  const std::vector<Row> rows = {
      {"", U""},
      {"a\x7f", U"a\x7f"},
      {std::string("\0b", 2), std::u32string(U"\0b", 2)},
      {"\xc2\x80\xdf\xbf", U"\x80\x7ff"},
      {"\xe0\xa0\x80\xed\x9f\xbf", U"\x800\xd7ff"},
      {"\xee\x80\x80\xef\xbf\xbf", U"\xe000\xffff"},
      {"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", U"\x10000\x10ffff"},
      {"caf\xc3\xa9 \xe6\x97\xa5 \xf0\x9f\x98\x80", U"caf\xe9 \x65e5 \x1f600"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(decode_exact(row.bytes), row.code_points);
    EXPECT_EQ(utf8_length(row.bytes), row.code_points.size());
    std::string back;
    for (const char32_t c : row.code_points) append_utf8(back, c);
    EXPECT_EQ(back, row.bytes);
  }
}

// Right sides: bytes.decode(errors="replace") of Python 3.11.
TEST(Utf8, InvalidPartsAsPython) {
  const std::vector<Row> rows = {
      {"\xff", U"\xfffd"},
      {"\x80\x80", U"\xfffd\xfffd"},
      {"\xc3", U"\xfffd"},
      {"\xc3(", U"\xfffd("},
      {"\xe2\x82", U"\xfffd"},
      {"\xe2\x82z", U"\xfffdz"},
      {"\xe2(\xa1", U"\xfffd(\xfffd"},
      {"\xf0\x9f\x98", U"\xfffd"},
      {"\xf0\x9f\x98q\xf0\x9f", U"\xfffdq\xfffd"},
      {"\xc0\xaf", U"\xfffd\xfffd"},  // overlong
      {"\xe0\x80\xaf", U"\xfffd\xfffd\xfffd"},
      {"\xf0\x80\x80\xaf", U"\xfffd\xfffd\xfffd\xfffd"},
      {"\xed\xa0\x80", U"\xfffd\xfffd\xfffd"},            // a surrogate
      {"\xf4\x90\x80\x80", U"\xfffd\xfffd\xfffd\xfffd"},  // above U+10FFFF
      {"\xf5\x80\x80\x80", U"\xfffd\xfffd\xfffd\xfffd"},
      {"\xe6\x97\xa5\xe6\x97\xe6\x97\xa5", U"\x65e5\xfffd\x65e5"},
      {"\xfe\xfe\xff\xff", U"\xfffd\xfffd\xfffd\xfffd"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(decode_exact(row.bytes), row.code_points);
    EXPECT_EQ(utf8_length(row.bytes), row.code_points.size());
  }
}

TEST(Utf8, EveryPairOfBytesEndsInBounds) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::u32string decoded =
          decode_exact({static_cast<char>(first), static_cast<char>(second)});
      ASSERT_GE(decoded.size(), 1u);
      ASSERT_LE(decoded.size(), 2u);
    }
  }
}

TEST(Utf8, EveryCodePointComesBack) {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    std::string text;
    append_utf8(text, c);
    size_t position = 0;
    ASSERT_EQ(decode_utf8(text, position), c);
    ASSERT_EQ(position, text.size());
  }
}

}  // namespace
}  // namespace sentence_transformers
