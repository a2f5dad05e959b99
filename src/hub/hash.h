// SHA-256 and git's SHA-1 of a file's content, fed piece by piece.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sentence_transformers {

/// The way of both: blocks of 64 bytes into a few words of state, the length at the end.
template <size_t Words>
class BlockHash {
 public:
  void update(const void* data, size_t size);
  /// The hash in hexadecimal; nothing may be added after it.
  std::string finish();

 protected:
  using State = std::array<uint32_t, Words>;
  explicit BlockHash(const State& start) : state_(start) {}

 private:
  static void add_block(State& state, const uint8_t* block);

  State state_;
  std::array<uint8_t, 64> block_{};
  uint64_t size_ = 0;
};

class Sha256 : public BlockHash<8> {
 public:
  Sha256();
};

class Sha1 : public BlockHash<5> {
 public:
  Sha1();
};

/// The hash that names a file on the Hub: SHA-256 of the content where `expected` has 64 digits,
/// else the SHA-1 that git gives a file of `size` bytes.
class ContentHash {
 public:
  ContentHash(const std::string& expected, uint64_t size);
  void update(const void* data, size_t size);
  std::string finish();
  /// "SHA-256" or "git's SHA-1", for messages.
  const char* name() const { return is_sha256_ ? "SHA-256" : "git's SHA-1"; }

 private:
  bool is_sha256_;
  Sha256 sha256_;
  Sha1 sha1_;
};

/// Lower-case hexadecimal digits, `digits` of them?
bool is_hexadecimal(std::string_view text, size_t digits);

}  // namespace sentence_transformers
