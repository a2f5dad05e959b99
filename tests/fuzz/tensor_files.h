// Makes whole files of headers alone, for mutations rarely keep lengths and sizes right.
#pragma once

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace sentence_transformers::fuzz {

inline constexpr uint64_t kMostData = 1 << 16;

/// `size` bytes, the same each time.
inline std::string some_bytes(size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 37 % 251);
  return bytes;
}

/// A safetensors file: the input itself, or what a header needs around it where the input is one.
inline std::string safetensors_file(std::string_view input) {
  if (!input.starts_with('{')) return std::string(input);
  uint64_t data = 0;
  const auto header = nlohmann::json::parse(input, nullptr, /*allow_exceptions=*/false);
  for (const auto& entry : header) {
    const auto offsets = entry.find("data_offsets");
    if (offsets == entry.end() || !offsets->is_array() || offsets->size() != 2) continue;
    if ((*offsets)[1].is_number_unsigned()) {
      data = std::max(data, (*offsets)[1].get<uint64_t>());
    }
  }
  const uint64_t length = input.size();
  std::string file(sizeof length, '\0');
  std::memcpy(file.data(), &length, sizeof length);
  return file + std::string(input) + some_bytes(std::min(data, kMostData));
}

/// Same type, shape and bytes: NaN equals itself.
inline bool same(const at::Tensor& a, const at::Tensor& b) {
  return a.scalar_type() == b.scalar_type() && a.sizes() == b.sizes() &&
         (a.nbytes() == 0 || std::memcmp(a.const_data_ptr(), b.const_data_ptr(), a.nbytes()) == 0);
}

}  // namespace sentence_transformers::fuzz
