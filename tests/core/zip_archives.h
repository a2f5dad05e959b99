// Zip archives for tests, byte by byte, so that each number in them can be wrong.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sentence_transformers::test {

inline std::string little_endian(uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xff);
  return text;
}

struct TestEntry {
  std::string name, content;
  uint64_t method = 0, flags = 0;
  uint64_t whole_size = UINT64_MAX;    // as the directory says, else the content's
  uint64_t stored_size = UINT64_MAX;   // the same
  uint64_t local_offset = UINT64_MAX;  // else where it is
  std::string local_name = {};         // else the name
};

/// Stored, without checksums, as readers here need none.
inline std::string zip_archive(const std::vector<TestEntry>& entries, bool zip64 = false) {
  std::string text, directory;
  for (const TestEntry& entry : entries) {
    const std::string local = entry.local_name.empty() ? entry.name : entry.local_name;
    const uint64_t offset = entry.local_offset == UINT64_MAX ? text.size() : entry.local_offset;
    const uint64_t size =
        entry.stored_size == UINT64_MAX ? entry.content.size() : entry.stored_size;
    const uint64_t whole = entry.whole_size == UINT64_MAX ? size : entry.whole_size;
    text += "PK\3\4" + std::string(22, '\0') + little_endian(local.size(), 2) +
            little_endian(0, 2) + local + entry.content;
    const std::string extra = zip64 ? little_endian(1, 2) + little_endian(24, 2) +
                                          little_endian(whole, 8) + little_endian(size, 8) +
                                          little_endian(offset, 8)
                                    : "";
    directory +=
        "PK\1\2" + std::string(4, '\0') + little_endian(entry.flags, 2) +
        little_endian(entry.method, 2) + std::string(8, '\0') +
        little_endian(zip64 ? 0xffffffff : size, 4) + little_endian(zip64 ? 0xffffffff : whole, 4) +
        little_endian(entry.name.size(), 2) + little_endian(extra.size(), 2) +
        std::string(10, '\0') + little_endian(zip64 ? 0xffffffff : offset, 4) + entry.name + extra;
  }
  const size_t begin = text.size();
  text += directory;
  if (zip64) {
    const size_t end64 = text.size();
    text += "PK\6\6" + little_endian(44, 8) + std::string(12, '\0') +
            little_endian(entries.size(), 8) + little_endian(entries.size(), 8) +
            little_endian(directory.size(), 8) + little_endian(begin, 8);
    text += "PK\6\7" + little_endian(0, 4) + little_endian(end64, 8) + little_endian(1, 4);
  }
  text += "PK\5\6" + std::string(4, '\0') + little_endian(entries.size(), 2) +
          little_endian(entries.size(), 2) + little_endian(directory.size(), 4) +
          little_endian(zip64 ? 0xffffffff : begin, 4) + little_endian(0, 2);
  return text;
}

}  // namespace sentence_transformers::test
