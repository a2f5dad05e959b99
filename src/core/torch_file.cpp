// After torch/serialization.py, which writes both layouts.
#include "core/torch_file.h"

#include <ATen/ATen.h>
#include <sentence_transformers/error.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <set>
#include <utility>

#include "core/quoted.h"
#include "core/safetensors.h"
#include "core/unpickle.h"
#include "core/zip.h"

namespace sentence_transformers {
namespace {

using Kind = PickledValue::Kind;

struct Type {
  std::string_view storage, name;
  at::ScalarType dtype;
};

/// By the names of their storages (typed ones) and of the types themselves.
constexpr Type kTypes[] = {
    {"Float", "float32", at::kFloat},
    {"Half", "float16", at::kHalf},
    {"BFloat16", "bfloat16", at::kBFloat16},
    {"Double", "float64", at::kDouble},
    {"Long", "int64", at::kLong},
    {"Int", "int32", at::kInt},
    {"Short", "int16", at::kShort},
    {"Char", "int8", at::kChar},
    {"Byte", "uint8", at::kByte},
    {"Bool", "bool", at::kBool},
    {"ComplexFloat", "complex64", at::kComplexFloat},
    {"ComplexDouble", "complex128", at::kComplexDouble},
    {"-", "uint16", at::kUInt16},
    {"-", "uint32", at::kUInt32},
    {"-", "uint64", at::kUInt64},
    {"-", "float8_e4m3fn", at::kFloat8_e4m3fn},
    {"-", "float8_e5m2", at::kFloat8_e5m2},
    {"-", "float8_e4m3fnuz", at::kFloat8_e4m3fnuz},
    {"-", "float8_e5m2fnuz", at::kFloat8_e5m2fnuz},
};

/// a * b + c of numbers that are not negative, or nothing where that overflows.
std::optional<uint64_t> multiply_add(uint64_t a, uint64_t b, uint64_t c) {
  uint64_t product = 0, sum = 0;
  if (__builtin_mul_overflow(a, b, &product) || __builtin_add_overflow(product, c, &sum) ||
      sum > INT64_MAX) {
    return std::nullopt;
  }
  return sum;
}

bool is_contiguous(const std::vector<int64_t>& shape, const std::vector<int64_t>& stride) {
  int64_t expected = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    if (shape[i] != 1 && stride[i] != expected) return false;
    expected *= shape[i];
  }
  return true;
}

}  // namespace

/// Fills a TorchFile in.
class TorchFileReader {
 public:
  explicit TorchFileReader(TorchFile& file)
      : file_(file), start_("[TorchFile] " + file.path().string() + ": ") {}

  void read() {
    constexpr std::string_view kLegacyMagic = "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
    const std::string_view bytes = text(file_.file_->data(), file_.file_->size());
    if (bytes.starts_with("PK\3\4")) {
      read_zip();
    } else if (bytes.size() > 2 && bytes[0] == '\x80' &&
               bytes.substr(2).starts_with(kLegacyMagic)) {
      read_legacy(bytes);
    } else if (bytes.size() > 262 && bytes.substr(257, 5) == "ustar") {
      throw UnsupportedError(start_ + "is a tar archive, as PyTorch wrote before 2017; load and " +
                             "save it with a PyTorch of today");
    } else {
      throw LoadError(start_ + "expected a checkpoint of PyTorch, found " +
                      std::to_string(bytes.size()) + " bytes of something else");
    }
    mark_shared();
  }

 private:
  /// Where a storage's bytes are.
  struct Storage {
    size_t begin = 0, size = 0;
    std::shared_ptr<MappedFile> mapped = nullptr;
    std::shared_ptr<std::vector<std::byte>> inflated = nullptr;
  };

  static std::string_view text(const std::byte* data, size_t size) {
    return {reinterpret_cast<const char*>(data), size};
  }

  void read_zip() {
    const ZipFile zip(file_.file_, start_);
    std::string prefix;
    for (const auto& [name, entry] : zip.entries()) {
      if (name.ends_with("/data.pkl") && name.find('/') == name.size() - 9) {
        if (!prefix.empty()) throw LoadError(start_ + "there are two data.pkl");
        prefix = name.substr(0, name.size() - 8);
      }
    }
    if (prefix.empty()) throw LoadError(start_ + "the archive has no data.pkl");
    if (const ZipEntry* order = zip.find(prefix + "byteorder")) {
      const std::vector<std::byte> content = zip.read(*order);
      check_order(text(content.data(), content.size()) == "little");
    }
    const std::vector<std::byte> pickle = zip.read(*zip.find(prefix + "data.pkl"));
    Unpickler unpickler(text(pickle.data(), pickle.size()), start_);
    add_tensors(unpickler.read(), [&](const PickledStorage& storage, const std::string& at) {
      const std::string key(storage.key);
      const auto known = storages_.find(key);
      if (known != storages_.end()) return known->second;
      const ZipEntry* record = zip.find(prefix + "data/" + key);
      if (!record)
        throw LoadError(at + "its record " + in_quotes(prefix + "data/" + key) + " is missing");
      Storage made{record->begin, record->size, file_.file_, nullptr};
      if (record->deflated) {
        made.inflated = std::make_shared<std::vector<std::byte>>(zip.read(*record));
        made.begin = 0;
        made.size = made.inflated->size();
      }
      return storages_[key] = made;
    });
  }

  /// Five pickles, then each storage as its count of elements and its bytes.
  void read_legacy(std::string_view bytes) {
    constexpr int64_t kProtocol = 1001;
    Unpickler unpickler(bytes, start_);
    unpickler.read();  // the magic number
    const PickledValue& protocol = unpickler.read();
    if (protocol.kind != Kind::integer || protocol.integer != kProtocol) {
      throw LoadError(start_ + "expected protocol " + std::to_string(kProtocol));
    }
    const PickledValue& system = unpickler.read();
    for (size_t i = 0; i + 1 < system.items.size(); i += 2) {
      if (system.items[i]->text == "little_endian") check_order(system.items[i + 1]->integer != 0);
    }
    const PickledValue& root = unpickler.read();
    const PickledValue& keys = unpickler.read();
    if (keys.kind != Kind::list) throw LoadError(start_ + "expected a list of storages");
    std::map<std::string_view, size_t> element_sizes;  // of the keys that tensors use
    collect_sizes(root, element_sizes);
    size_t at = unpickler.position();
    for (const PickledValue* key : keys.items) {
      const auto size = element_sizes.find(key->text);
      if (key->kind != Kind::text || size == element_sizes.end()) {
        throw LoadError(start_ + "storage \"" + std::string(key->text.substr(0, 100)) +
                        "\" belongs to no tensor");
      }
      uint64_t count = 0;
      if (bytes.size() - at < sizeof count) throw LoadError(start_ + "the storages end too early");
      std::memcpy(&count, bytes.data() + at, sizeof count);
      at += sizeof count;
      const auto needed = multiply_add(count, size->second, 0);
      if (!needed || *needed > bytes.size() - at) {
        throw LoadError(start_ + "storage " + in_quotes(key->text) + " of " +
                        std::to_string(count) + " elements lies outside of the file");
      }
      storages_[std::string(key->text)] = {at, static_cast<size_t>(*needed), file_.file_, nullptr};
      at += *needed;
    }
    if (at != bytes.size()) {
      throw LoadError(start_ + std::to_string(bytes.size() - at) +
                      " bytes lie behind the storages");
    }
    add_tensors(root, [&](const PickledStorage& storage, const std::string& where) {
      const auto found = storages_.find(std::string(storage.key));
      if (found == storages_.end()) {
        throw LoadError(where + "its storage " + in_quotes(storage.key) + " is missing");
      }
      return found->second;
    });
  }

  void check_order(bool is_little) const {
    if (!is_little) {
      throw UnsupportedError(start_ + "holds big-endian numbers; expected little-endian ones");
    }
  }

  static const Type* find_type(const PickledTensor& tensor) {
    const auto found = std::find_if(std::begin(kTypes), std::end(kTypes), [&](const Type& type) {
      return tensor.dtype.empty() ? type.storage == tensor.storage.type : type.name == tensor.dtype;
    });
    return found == std::end(kTypes) ? nullptr : found;
  }

  /// Bytes of a storage's own elements; an untyped one counts bytes.
  static size_t storage_element(const PickledStorage& storage) {
    PickledTensor plain;
    plain.storage = storage;
    const Type* type = find_type(plain);
    return type ? c10::elementSize(type->dtype) : 1;
  }

  void collect_sizes(const PickledValue& root, std::map<std::string_view, size_t>& sizes) const {
    for (const PickledValue* value : root.items) {
      if (value->kind != Kind::tensor) continue;
      const PickledStorage& storage = value->tensor->storage;
      const size_t size = storage_element(storage);
      if (sizes.emplace(storage.key, size).first->second != size) {
        throw LoadError(start_ + "storage " + in_quotes(storage.key) + " has two types");
      }
    }
  }

  template <class FindStorage>
  void add_tensors(const PickledValue& root, const FindStorage& find_storage) {
    if (root.kind != Kind::dict) {
      throw UnsupportedError(start_ + "expected a dictionary of tensors, found " +
                             kind_name(root.kind));
    }
    for (size_t i = 0; i < root.items.size(); i += 2) {
      const PickledValue &key = *root.items[i], &value = *root.items[i + 1];
      if (key.kind != Kind::text) {
        throw LoadError(start_ + "expected texts as keys, found " + kind_name(key.kind));
      }
      const std::string name(key.text);
      const std::string at = start_ + "tensor " + in_quotes(name) + ": ";
      if (value.kind != Kind::tensor) {
        throw UnsupportedError(at + "expected a tensor, found " + kind_name(value.kind));
      }
      const PickledTensor& tensor = *value.tensor;
      TorchFile::Entry entry = place(tensor, find_storage(tensor.storage, at), at);
      if (!file_.entries_.emplace(name, std::move(entry)).second) {
        throw LoadError(at + "is there twice");
      }
    }
  }

  TorchFile::Entry place(const PickledTensor& tensor, const Storage& storage,
                         const std::string& at) const {
    const Type* type = find_type(tensor);
    if (!type) throw LoadError(at + "its storage has no type");
    const size_t element = c10::elementSize(type->dtype);
    const size_t unit = storage_element(tensor.storage);
    const auto root = multiply_add(static_cast<uint64_t>(tensor.storage.root_count), unit, 0);
    if (!root || *root > storage.size) {
      throw LoadError(at + "its storage should have " + std::to_string(tensor.storage.root_count) +
                      " elements, found " + std::to_string(storage.size) + " bytes");
    }
    TorchFile::Entry entry{type->dtype, tensor.size,    tensor.stride,    0,
                           0,           storage.mapped, storage.inflated, false};
    uint64_t numbers = 1, extent = 1;  // from the first to behind the last element
    bool overflows = false;
    for (size_t i = 0; i < tensor.size.size(); ++i) {
      const auto size = static_cast<uint64_t>(tensor.size[i]);
      if (size == 0) extent = 0;
      const auto product = multiply_add(numbers, std::max<uint64_t>(size, 1), 0);
      const auto end =
          extent == 0 ? 0 : multiply_add(size - 1, static_cast<uint64_t>(tensor.stride[i]), extent);
      overflows = overflows || !product || !end;
      numbers = product.value_or(0);
      extent = end.value_or(0);
    }
    const auto view = multiply_add(static_cast<uint64_t>(tensor.storage.count), unit, 0);
    const auto end = multiply_add(static_cast<uint64_t>(tensor.offset) + extent, element, 0);
    const auto bytes = multiply_add(numbers, element, 0);
    if (overflows || !view || !end || !bytes || *end > *view) {
      throw LoadError(at + "its sizes and strides lead outside of its storage");
    }
    // An expanded tensor repeats numbers; a file shall not cost much more memory than it has bytes.
    constexpr uint64_t kMostRepeated = 64 << 20;
    if (*bytes > std::max<uint64_t>(*view, kMostRepeated)) {
      throw LoadError(at + "its strides repeat few numbers to " + std::to_string(*bytes) +
                      " bytes");
    }
    entry.begin = storage.begin + static_cast<size_t>(tensor.storage.first) * unit +
                  static_cast<size_t>(tensor.offset) * element;
    entry.size = static_cast<size_t>(extent) * element;
    return entry;
  }

  /// Tensors that have bytes in common each get their own when they are taken.
  void mark_shared() {
    std::map<const void*, std::vector<TorchFile::Entry*>> groups;
    for (auto& [name, entry] : file_.entries_) {
      groups[entry.inflated ? static_cast<const void*>(entry.inflated.get())
                            : static_cast<const void*>(entry.mapped.get())]
          .push_back(&entry);
    }
    for (auto& [bytes, entries] : groups) {
      std::sort(entries.begin(), entries.end(),
                [](const auto* a, const auto* b) { return a->begin < b->begin; });
      TorchFile::Entry* furthest = nullptr;
      for (TorchFile::Entry* entry : entries) {
        if (furthest && entry->begin < furthest->begin + furthest->size) {
          furthest->shares = entry->shares = true;
        }
        if (!furthest || entry->begin + entry->size > furthest->begin + furthest->size) {
          furthest = entry;
        }
      }
    }
  }

  TorchFile& file_;
  const std::string start_;
  std::map<std::string, Storage> storages_;
};

TorchFile TorchFile::open(const std::filesystem::path& path) {
  TorchFile file;
  file.file_ = MappedFile::open(path);
  TorchFileReader(file).read();
  return file;
}

std::vector<std::string> TorchFile::names() const {
  std::vector<std::string> names;
  for (const auto& entry : entries_) names.push_back(entry.first);
  return names;
}

at::Tensor TorchFile::get(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) {
    throw LoadError("[TorchFile] " + path().string() + ": there is no tensor " + in_quotes(name));
  }
  const Entry& entry = found->second;
  const at::TensorOptions options = at::TensorOptions().dtype(entry.dtype);
  if (entry.size == 0) return at::empty(entry.shape, options);
  const auto elements = static_cast<int64_t>(entry.size / c10::elementSize(entry.dtype));
  at::Tensor flat;
  if (entry.inflated) {
    const auto bytes = entry.inflated;
    flat = at::empty({elements}, options);
    std::memcpy(flat.data_ptr(), bytes->data() + entry.begin, entry.size);
  } else {
    flat = map_tensor(entry.mapped, entry.begin, entry.dtype, {elements});
  }
  if (!is_contiguous(entry.shape, entry.stride)) {
    return flat.as_strided(entry.shape, entry.stride).clone(at::MemoryFormat::Contiguous);
  }
  const at::Tensor tensor = flat.view(entry.shape);
  return entry.shares && !entry.inflated ? tensor.clone() : tensor;
}

void TorchFile::release(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end() || found->second.inflated || found->second.size == 0) return;
  file_->release(found->second.begin, found->second.size);
}

}  // namespace sentence_transformers
