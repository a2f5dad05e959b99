// Reads safetensors as strictly as the safetensors crate does, and writes files it accepts.
#include "core/safetensors.h"

#include <ATen/ATen.h>
#include <sentence_transformers/error.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <string_view>

#include "core/json.h"
#include "core/quoted.h"

namespace sentence_transformers {
namespace {

static_assert(std::endian::native == std::endian::little, "the format stores little endian");

struct Type {
  const char* name;
  at::ScalarType dtype;
};

/// In the order in which tensors are written: largest alignment first, as the safetensors crate.
constexpr Type kTypes[] = {
    {"I64", at::kLong},      {"F64", at::kDouble}, {"F32", at::kFloat}, {"I32", at::kInt},
    {"BF16", at::kBFloat16}, {"F16", at::kHalf},   {"I16", at::kShort}, {"I8", at::kChar},
    {"U8", at::kByte},       {"BOOL", at::kBool},
};

/// Well-formed, but not here.
constexpr const char* kOtherTypes[] = {"U64",     "U32",     "U16",     "C64",     "F8_E4M3",
                                       "F8_E5M2", "F8_E8M0", "F6_E2M3", "F6_E3M2", "F4"};

std::string type_names() {
  std::string names;
  for (const Type& type : kTypes) names += (names.empty() ? "" : ", ") + std::string(type.name);
  return names;
}

/// The header as JSON: an object, no key twice, no deeper than the format goes.
nlohmann::json parse_header(std::string_view text, const std::string& start) {
  if (!text.starts_with('{')) throw LoadError(start + "the header is no JSON object");
  return parse_json(text, start + "the header ", {.deepest = 3, .unique_keys = true});
}

uint64_t unsigned_number(const nlohmann::json& value, const std::string& start) {
  if (!value.is_number_unsigned()) {
    throw LoadError(start + "expected a whole number, found " + shown(value));
  }
  return value.get<uint64_t>();
}

const nlohmann::json& field(const nlohmann::json& entry, const char* key,
                            nlohmann::json::value_t type, const std::string& start) {
  const auto found = entry.find(key);
  if (found == entry.end() || found->type() != type) {
    throw LoadError(start + "\"" + key + "\" is missing or of the wrong kind");
  }
  return *found;
}

at::ScalarType parse_type(const std::string& name, const std::string& start) {
  for (const Type& type : kTypes) {
    if (name == type.name) return type.dtype;
  }
  const std::string text = start + "type " + in_quotes(name) + "; known: " + type_names();
  if (std::find(std::begin(kOtherTypes), std::end(kOtherTypes), name) != std::end(kOtherTypes)) {
    throw UnsupportedError(text);
  }
  throw LoadError(text);
}

std::vector<int64_t> parse_shape(const nlohmann::json& json, const std::string& start) {
  std::vector<int64_t> shape;
  for (const nlohmann::json& value : json) {
    const uint64_t size = unsigned_number(value, start);
    if (size > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
      throw LoadError(start + "the shape is too large: " + shown(json));
    }
    shape.push_back(static_cast<int64_t>(size));
  }
  return shape;
}

}  // namespace

std::optional<size_t> tensor_bytes(at::ScalarType dtype, at::IntArrayRef shape) {
  // LibTorch's strides count an empty dimension as 1, so that product may not overflow either.
  constexpr size_t kLimit = std::numeric_limits<int64_t>::max();
  size_t bytes = c10::elementSize(dtype);
  bool empty = false;
  for (const int64_t size : shape) {
    if (size < 0) return std::nullopt;
    empty |= size == 0;
    const size_t factor = std::max<size_t>(static_cast<size_t>(size), 1);
    if (bytes > kLimit / factor) return std::nullopt;
    bytes *= factor;
  }
  return empty ? 0 : bytes;
}

at::Tensor map_tensor(const std::shared_ptr<MappedFile>& file, size_t begin, at::ScalarType dtype,
                      at::IntArrayRef shape) {
  const at::TensorOptions options = at::TensorOptions().dtype(dtype).device(at::kCPU);
  const size_t bytes = tensor_bytes(dtype, shape).value();
  if (bytes == 0) return at::empty(shape, options);
  std::byte* data = file->data() + begin;
  if (begin % c10::elementSize(dtype) != 0) {
    at::Tensor copy = at::empty(shape, options);
    std::memcpy(copy.data_ptr(), data, bytes);
    return copy;
  }
  return at::from_blob(data, shape, [file](void*) {}, options);
}

SafeTensors SafeTensors::open(const std::filesystem::path& path) {
  SafeTensors result;
  result.file_ = MappedFile::open(path);
  const MappedFile& file = *result.file_;
  const std::string start = "[SafeTensors] " + path.string() + ": ";

  uint64_t header_size = 0;
  if (file.size() < sizeof header_size) {
    throw LoadError(start + "expected a header, found a file of " + std::to_string(file.size()) +
                    " bytes");
  }
  std::memcpy(&header_size, file.data(), sizeof header_size);
  const size_t after_length = file.size() - sizeof header_size;
  if (header_size > kMaxSafeTensorsHeader || header_size > after_length) {
    throw LoadError(start + "expected a header of at most " +
                    std::to_string(std::min(kMaxSafeTensorsHeader, after_length)) +
                    " bytes, found a length of " + std::to_string(header_size));
  }
  const size_t data_begin = sizeof header_size + header_size;
  const auto* text = reinterpret_cast<const char*>(file.data()) + sizeof header_size;
  const nlohmann::json header = parse_header({text, static_cast<size_t>(header_size)}, start);

  struct Range {
    uint64_t begin, end;
    const std::string* name;
  };
  std::vector<Range> ranges;
  using Kind = nlohmann::json::value_t;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") {
      if (!entry.is_object()) throw LoadError(start + "\"__metadata__\" is no object");
      for (const auto& [key, value] : entry.items()) {
        if (!value.is_string())
          throw LoadError(start + "metadata " + in_quotes(key) + " is no string");
        result.metadata_.emplace(key, value.get<std::string>());
      }
      continue;
    }
    const std::string at = start + "tensor " + in_quotes(name) + ": ";
    if (!entry.is_object()) throw LoadError(at + "expected an object, found " + shown(entry));
    const at::ScalarType dtype = parse_type(field(entry, "dtype", Kind::string, at), at);
    std::vector<int64_t> shape = parse_shape(field(entry, "shape", Kind::array, at), at);
    const nlohmann::json& offsets = field(entry, "data_offsets", Kind::array, at);
    if (offsets.size() != 2) throw LoadError(at + "expected two offsets, found " + shown(offsets));
    const uint64_t begin = unsigned_number(offsets[0], at), end = unsigned_number(offsets[1], at);
    if (begin > end || end > file.size() - data_begin) {
      throw LoadError(at + "the range " + shown(offsets) + " lies outside of " +
                      std::to_string(file.size() - data_begin) + " bytes of data");
    }
    const std::optional<size_t> bytes = tensor_bytes(dtype, shape);
    if (bytes != end - begin) {
      throw LoadError(
          at + "shape and type need " + (bytes ? std::to_string(*bytes) : std::string("too many")) +
          " bytes, the range " + shown(offsets) + " has " + std::to_string(end - begin));
    }
    const auto added = result.entries_.emplace(
        name, Entry{dtype, std::move(shape), data_begin + begin, static_cast<size_t>(*bytes)});
    ranges.push_back({begin, end, &added.first->first});
  }

  std::sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  uint64_t covered = 0;
  for (const Range& range : ranges) {
    if (range.begin != covered) {
      throw LoadError(start + "tensor " + in_quotes(*range.name) + ": expected its data at " +
                      std::to_string(covered) + ", found at " + std::to_string(range.begin) +
                      ": ranges may not overlap or leave holes");
    }
    covered = range.end;
  }
  if (covered != file.size() - data_begin) {
    throw LoadError(start + "expected " + std::to_string(covered) + " bytes of data, found " +
                    std::to_string(file.size() - data_begin));
  }
  return result;
}

std::vector<std::string> SafeTensors::names() const {
  std::vector<std::string> names;
  names.reserve(entries_.size());
  for (const auto& entry : entries_) names.push_back(entry.first);
  return names;
}

at::Tensor SafeTensors::get(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) {
    throw LoadError("[SafeTensors] " + path().string() + ": there is no tensor " + in_quotes(name));
  }
  return map_tensor(file_, found->second.begin, found->second.dtype, found->second.shape);
}

void SafeTensors::release(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found != entries_.end()) file_->release(found->second.begin, found->second.size);
}

void write_safetensors(const std::filesystem::path& path,
                       const std::vector<std::pair<std::string, at::Tensor>>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  const std::string start = "[write_safetensors] ";
  struct Item {
    size_t rank;  // in kTypes
    const std::string* name;
    const at::Tensor* tensor;
  };
  std::vector<Item> items;
  std::set<std::string> names = {"__metadata__"};
  for (const auto& [name, tensor] : tensors) {
    if (!names.insert(name).second) {
      throw std::invalid_argument(start + "the name " + in_quotes(name) + " is taken");
    }
    const auto type = std::find_if(
        std::begin(kTypes), std::end(kTypes),
        [&tensor = tensor](const Type& known) { return known.dtype == tensor.scalar_type(); });
    if (type == std::end(kTypes)) {
      throw std::invalid_argument(start + "tensor " + in_quotes(name) + " has type " +
                                  c10::toString(tensor.scalar_type()) + "; known: " + type_names());
    }
    items.push_back({static_cast<size_t>(type - std::begin(kTypes)), &name, &tensor});
  }
  std::sort(items.begin(), items.end(), [](const Item& a, const Item& b) {
    return std::tie(a.rank, *a.name) < std::tie(b.rank, *b.name);
  });

  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  auto& members = header.get_ref<nlohmann::ordered_json::object_t&>();
  size_t offset = 0;
  for (const Item& item : items) {
    const size_t end = offset + item.tensor->nbytes();
    // Appended, for operator[] would compare all names before; they are known to differ.
    members.emplace_back(*item.name, nlohmann::ordered_json{{"dtype", kTypes[item.rank].name},
                                                            {"shape", item.tensor->sizes().vec()},
                                                            {"data_offsets", {offset, end}}});
    offset = end;
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const nlohmann::json::exception& e) {
    throw std::invalid_argument(start +
                                "names and metadata must be valid UTF-8: " + shortened(e.what()));
  }
  text.resize((text.size() + 7) / 8 * 8, ' ');
  if (text.size() > kMaxSafeTensorsHeader) {
    throw std::invalid_argument(start + "the header would have " + std::to_string(text.size()) +
                                " bytes; readers take at most " +
                                std::to_string(kMaxSafeTensorsHeader));
  }

  write_atomically(path, [&](FileWriter& out) {
    const uint64_t header_size = text.size();
    out.write(&header_size, sizeof header_size);
    out.write(text.data(), text.size());
    for (const Item& item : items) {
      const at::Tensor plain = item.tensor->to(at::kCPU).contiguous();
      out.write(plain.const_data_ptr(), plain.nbytes());
    }
  });
}

}  // namespace sentence_transformers
