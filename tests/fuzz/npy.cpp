// NumPy's files: read, written, read again. An input without the magic text is a header, which
// gets as much data as its shape and type need.
#include <sentence_transformers/storage.h>

#include "fuzz.h"
#include "tensor_files.h"

namespace sentence_transformers {
namespace {

/// A file of version 1.0 whose header is the input.
std::string framed(std::string_view header, size_t data) {
  std::string file("\x93NUMPY\x01\x00", 8);
  file += static_cast<char>(header.size() & 0xff);
  file += static_cast<char>(header.size() >> 8 & 0xff);
  return file + std::string(header) + fuzz::some_bytes(data);
}

/// How many bytes of data the error of a file without any asks for.
size_t missing_bytes(const std::filesystem::path& path) {
  try {
    load_npy(path);
  } catch (const Error& error) {
    constexpr std::string_view kExpected = ": expected ";
    const std::string text = error.what();
    const size_t at = text.find(kExpected);
    return at == text.npos ? 0 : std::strtoull(text.c_str() + at + kExpected.size(), nullptr, 10);
  }
  return 0;
}

}  // namespace

FUZZ_TARGET(npy) {
  static const fuzz::Folder folder;
  auto path = folder.write("in.npy", input);
  if (!input.starts_with('\x93')) {
    path = folder.write("framed.npy", framed(input, 0));
    const size_t data = missing_bytes(path);
    if (data > 0 && data <= fuzz::kMostData) path = folder.write("framed.npy", framed(input, data));
  }
  at::Tensor array;
  if (!fuzz::accepted([&] { array = load_npy(path); })) return;
  const auto written = folder.path() / "out.npy";
  save_npy(written, array);
  fuzz::require(fuzz::same(load_npy(written), array), "arrays are kept");
}

}  // namespace sentence_transformers
