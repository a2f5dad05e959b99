// Sentences with embeddings as checksummed safetensors, and arrays as NumPy files.
#include <ATen/ATen.h>
#include <sentence_transformers/error.h>
#include <sentence_transformers/storage.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "core/json.h"
#include "core/quoted.h"
#include "core/safetensors.h"
#include "core/xxh64.h"

namespace sentence_transformers {
namespace {

// What starts a checksum's text. It tells a file with a damaged "checksum" key from one that never
// had it.
constexpr std::string_view kChecksumMark = "xxh64:";

/// A JSON text longer than this goes into a tensor: written into the header it may double, and the
/// header is limited to 100 MB.
constexpr size_t kMaxSentencesInHeader = 48'000'000;

std::string shape_text(at::IntArrayRef shape) {
  std::ostringstream text;
  text << shape;
  return shortened(text.str());
}

/// Of the texts as they stand in the file, and of the embeddings with their type and shape.
std::string checksum(std::string_view sentences, const at::Tensor& embeddings) {
  const std::string kind = c10::toString(embeddings.scalar_type()) + shape_text(embeddings.sizes());
  uint64_t hash = xxh64(sentences.data(), sentences.size());
  hash = xxh64(kind.data(), kind.size(), hash);
  hash = xxh64(embeddings.const_data_ptr(), embeddings.nbytes(), hash);
  char text[24];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return std::string(kChecksumMark) + text;
}

/// ["a","b"]
std::string to_json(const std::vector<std::string>& sentences) {
  std::string text = "[";
  for (size_t i = 0; i < sentences.size(); ++i) {
    if (i > 0) text += ',';
    try {
      text += nlohmann::json(sentences[i]).dump();
    } catch (const nlohmann::json::exception&) {
      throw std::invalid_argument("[save_embeddings] sentence " + std::to_string(i) +
                                  " is no valid UTF-8");
    }
  }
  return text + "]";
}

// .npy: a magic text, a version, the length of a header that is a Python dict, the header, the data
// (NumPy's lib/format.py).

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

void save_embeddings(const std::filesystem::path& path, const std::vector<std::string>& sentences,
                     const at::Tensor& embeddings) {
  if (!embeddings.defined() || embeddings.dim() != 2 ||
      embeddings.size(0) != static_cast<int64_t>(sentences.size())) {
    throw std::invalid_argument("[save_embeddings] expected embeddings [" +
                                std::to_string(sentences.size()) + ", D], found " +
                                (embeddings.defined() ? shape_text(embeddings.sizes()) : "none"));
  }
  std::string json = to_json(sentences);
  const at::Tensor plain = embeddings.detach().to(at::kCPU).contiguous();
  std::vector<std::pair<std::string, at::Tensor>> tensors = {{"embeddings", plain}};
  std::map<std::string, std::string> metadata = {{"checksum", checksum(json, plain)}};
  if (json.size() <= kMaxSentencesInHeader) {
    metadata["sentences"] = std::move(json);
  } else {
    tensors.emplace_back("sentences", at::from_blob(json.data(), static_cast<int64_t>(json.size()),
                                                    at::TensorOptions().dtype(at::kByte)));
  }
  write_safetensors(path, tensors, metadata);
}

StoredEmbeddings load_embeddings(const std::filesystem::path& path) {
  const SafeTensors file = SafeTensors::open(path);
  const auto damaged = [&](const std::string& text) {
    return LoadError("[load_embeddings] " + path.string() + ": " + text);
  };
  StoredEmbeddings stored;
  stored.embeddings = file.get("embeddings");

  const auto& metadata = file.metadata();
  const auto in_header = metadata.find("sentences");
  at::Tensor in_tensor;
  std::string_view json;
  if (in_header != metadata.end()) {
    json = in_header->second;
  } else if (file.contains("sentences")) {
    in_tensor = file.get("sentences");
    if (in_tensor.scalar_type() != at::kByte) throw damaged("\"sentences\" is no text");
    json = {static_cast<const char*>(in_tensor.const_data_ptr()), in_tensor.nbytes()};
  } else {
    throw damaged("there are no \"sentences\", neither in the metadata nor as a tensor");
  }

  const auto expected = metadata.find("checksum");
  if (expected != metadata.end()) {
    if (expected->second != checksum(json, stored.embeddings)) {
      throw damaged("the checksum does not fit: the file is damaged");
    }
  } else {
    // Written by other software, unless only the key is damaged.
    for (const auto& [key, value] : metadata) {
      if (value.starts_with(kChecksumMark))
        throw damaged("the key " + in_quotes(key) + " is damaged");
    }
  }

  const std::string no_texts = "\"sentences\" is no JSON array of texts";
  nlohmann::json sentences = parse_json(
      json, "[load_embeddings] " + path.string() + ": " + no_texts + ": it ", {.deepest = 1});
  const auto is_text = [](const nlohmann::json& value) { return value.is_string(); };
  if (!sentences.is_array() || !std::all_of(sentences.begin(), sentences.end(), is_text)) {
    throw damaged(no_texts);
  }
  for (nlohmann::json& sentence : sentences) {
    stored.sentences.push_back(std::move(sentence.get_ref<std::string&>()));
  }
  if (stored.embeddings.dim() != 2 ||
      stored.embeddings.size(0) != static_cast<int64_t>(stored.sentences.size())) {
    throw damaged("expected embeddings [" + std::to_string(stored.sentences.size()) +
                  ", D] for as many sentences, found " + shape_text(stored.embeddings.sizes()));
  }
  return stored;
}

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
