// The 64-bit xxHash of some bytes, as its specification describes it (XXH64, version 0.1.1).
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace sentence_transformers {

/// A checksum against damage, not against forgery. About as fast as memory.
inline uint64_t xxh64(const void* data, size_t size, uint64_t seed = 0) {
  constexpr uint64_t kP1 = 0x9E3779B185EBCA87, kP2 = 0xC2B2AE3D27D4EB4F, kP3 = 0x165667B19E3779F9,
                     kP4 = 0x85EBCA77C2B2AE63, kP5 = 0x27D4EB2F165667C5;
  const auto* at = static_cast<const unsigned char*>(data);
  const auto round = [](uint64_t lane, uint64_t word) {
    return std::rotl(lane + word * kP2, 31) * kP1;
  };
  const auto word = [&at]<class T>(T value) -> uint64_t {
    std::memcpy(&value, at, sizeof value);
    at += sizeof value;
    return value;
  };

  uint64_t hash;
  size_t left = size;
  if (left >= 32) {
    uint64_t lanes[4] = {seed + kP1 + kP2, seed + kP2, seed, seed - kP1};
    for (; left >= 32; left -= 32) {
      for (uint64_t& lane : lanes) lane = round(lane, word(uint64_t{}));
    }
    hash = std::rotl(lanes[0], 1) + std::rotl(lanes[1], 7) + std::rotl(lanes[2], 12) +
           std::rotl(lanes[3], 18);
    for (const uint64_t lane : lanes) hash = (hash ^ round(0, lane)) * kP1 + kP4;
  } else {
    hash = seed + kP5;
  }
  hash += size;
  for (; left >= 8; left -= 8) {
    hash = std::rotl(hash ^ round(0, word(uint64_t{})), 27) * kP1 + kP4;
  }
  if (left >= 4) {
    hash = std::rotl(hash ^ word(uint32_t{}) * kP1, 23) * kP2 + kP3;
    left -= 4;
  }
  for (; left > 0; --left) hash = std::rotl(hash ^ word(uint8_t{}) * kP5, 11) * kP1;
  hash = (hash ^ hash >> 33) * kP2;
  hash = (hash ^ hash >> 29) * kP3;
  return hash ^ hash >> 32;
}

}  // namespace sentence_transformers
