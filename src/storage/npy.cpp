// Arrays as NumPy files.
#include <ATen/ATen.h>
#include <sentence_transformers/error.h>
#include <sentence_transformers/storage.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "core/quoted.h"
#include "core/safetensors.h"
#include "core/shapes.h"

namespace sentence_transformers {
namespace {

constexpr std::string_view kNpyMagic = "\x93NUMPY";

struct NpyType {
  std::string_view name;
  at::ScalarType dtype;
};

constexpr NpyType kNpyTypes[] = {
    {"<f4", at::kFloat}, {"<f2", at::kHalf}, {"<f8", at::kDouble},
    {"|i1", at::kChar},  {"|u1", at::kByte}, {"<i2", at::kShort},
    {"<i4", at::kInt},   {"<i8", at::kLong}, {"|b1", at::kBool},
};

std::string npy_type_names() {
  std::string names;
  for (const NpyType& type : kNpyTypes) {
    names += (names.empty() ? "" : ", ") + std::string(type.name);
  }
  return names;
}

/// Reads {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), } as NumPy writes it.
class NpyHeader {
 public:
  NpyHeader(std::string_view text, std::string start) : text_(text), start_(std::move(start)) {
    bool has_order = false, has_shape = false;
    expect('{');
    while (!accept('}')) {
      const std::string_view key = quoted();
      expect(':');
      if (key == "descr" && descr_.empty()) {
        descr_ = quoted();
      } else if (key == "fortran_order" && !has_order) {
        has_order = true;
        fortran_order_ = accept_word("True");
        if (!fortran_order_ && !accept_word("False")) fail();
      } else if (key == "shape" && !has_shape) {
        has_shape = true;
        parse_shape();
      } else {
        fail();
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_space();
    if (!text_.empty() || descr_.empty() || !has_order || !has_shape) fail();
  }

  /// Throws UnsupportedError for another type, or columns first.
  at::ScalarType dtype() const {
    if (fortran_order_) {
      throw UnsupportedError(start_ + "expected an array in C order, found Fortran order");
    }
    for (const NpyType& type : kNpyTypes) {
      if (descr_ == type.name) return type.dtype;
    }
    throw UnsupportedError(start_ + "type " + in_quotes(descr_) + "; known: " + npy_type_names());
  }
  const std::vector<int64_t>& shape() const { return shape_; }

 private:
  [[noreturn]] void fail() const { throw LoadError(start_ + "the header is malformed"); }

  void skip_space() {
    while (!text_.empty() && (text_[0] == ' ' || text_[0] == '\n')) text_.remove_prefix(1);
  }
  bool accept_word(std::string_view word) {
    skip_space();
    if (!text_.starts_with(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }
  bool accept(char c) { return accept_word({&c, 1}); }
  void expect(char c) {
    if (!accept(c)) fail();
  }
  std::string_view quoted() {
    const char quote = accept('\'') ? '\'' : accept('"') ? '"' : '\0';
    const size_t end = quote ? text_.find(quote) : text_.npos;
    if (end == text_.npos) {
      // A list stands for a record of several fields.
      if (text_.starts_with('[')) throw UnsupportedError(start_ + "records are not supported");
      fail();
    }
    const std::string_view inside = text_.substr(0, end);
    text_.remove_prefix(end + 1);
    return inside;
  }
  void parse_shape() {
    expect('(');
    while (!accept(')')) {
      skip_space();
      int64_t size = 0;
      const auto [rest, error] = std::from_chars(text_.data(), text_.data() + text_.size(), size);
      if (error != std::errc() || size < 0) fail();
      text_.remove_prefix(static_cast<size_t>(rest - text_.data()));
      shape_.push_back(size);
      if (!accept(',')) {
        expect(')');
        if (shape_.size() == 1) fail();  // (3) is no tuple
        break;
      }
    }
  }

  std::string_view text_, descr_;
  std::string start_;
  bool fortran_order_ = false;
  std::vector<int64_t> shape_;
};

}  // namespace

void save_npy(const std::filesystem::path& path, const at::Tensor& array) {
  if (!array.defined()) throw std::invalid_argument("[save_npy] there is no array");
  std::string_view descr;
  for (const NpyType& type : kNpyTypes) {
    if (type.dtype == array.scalar_type()) descr = type.name;
  }
  if (descr.empty()) {
    throw std::invalid_argument(std::string("[save_npy] type ") +
                                c10::toString(array.scalar_type()) +
                                " cannot be written; known: " + npy_type_names());
  }
  std::string shape;
  for (const int64_t size : array.sizes()) shape += std::to_string(size) + ", ";
  // (), (3,), (3, 4)
  if (array.dim() > 0) shape.resize(shape.size() - (array.dim() == 1 ? 1 : 2));
  std::string header =
      "{'descr': '" + std::string(descr) + "', 'fortran_order': False, 'shape': (" + shape + "), }";
  const size_t before = kNpyMagic.size() + 4;                                // version and length
  header.resize((before + header.size() + 1 + 63) / 64 * 64 - before, ' ');  // data at 64 bytes
  header.back() = '\n';

  const at::Tensor plain = array.detach().to(at::kCPU).contiguous();
  write_atomically(path, [&](FileWriter& out) {
    const unsigned char version_and_length[4] = {1, 0,
                                                 static_cast<unsigned char>(header.size() & 0xFF),
                                                 static_cast<unsigned char>(header.size() >> 8)};
    out.write(kNpyMagic.data(), kNpyMagic.size());
    out.write(version_and_length, sizeof version_and_length);
    out.write(header.data(), header.size());
    out.write(plain.const_data_ptr(), plain.nbytes());
  });
}

at::Tensor load_npy(const std::filesystem::path& path) {
  const std::shared_ptr<MappedFile> file = MappedFile::open(path);
  const std::string start = "[load_npy] " + path.string() + ": ";
  const std::string_view text(reinterpret_cast<const char*>(file->data()), file->size());
  if (!text.starts_with(kNpyMagic) || text.size() < kNpyMagic.size() + 4) {
    throw LoadError(start + "is no .npy file");
  }
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const int major = byte(6), minor = byte(7);
  if ((major != 1 && major != 2) || minor != 0) {
    throw UnsupportedError(start + "version " + std::to_string(major) + "." +
                           std::to_string(minor) + "; known: 1.0, 2.0");
  }
  // The header's length has two bytes, or four from version 2 on.
  const size_t header_begin = major == 1 ? 10 : 12;
  size_t header_size = 0;
  for (size_t i = std::min(header_begin, text.size()); i-- > 8;) {
    header_size = header_size << 8 | byte(i);
  }
  if (text.size() < header_begin || header_size > text.size() - header_begin) {
    throw LoadError(start + "the header is cut short");
  }
  const NpyHeader header(text.substr(header_begin, header_size), start);
  const at::ScalarType dtype = header.dtype();
  const size_t data_begin = header_begin + header_size;
  const std::optional<size_t> bytes = tensor_bytes(dtype, header.shape());
  if (bytes != text.size() - data_begin) {
    throw LoadError(start + "expected " + (bytes ? std::to_string(*bytes) : "too many") +
                    " bytes of data for " + shape_text(header.shape()) + ", found " +
                    std::to_string(text.size() - data_begin));
  }
  return map_tensor(file, data_begin, dtype, header.shape());
}

}  // namespace sentence_transformers
