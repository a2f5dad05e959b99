// After torch/_utils.py and torch/serialization.py.
#include "core/unpickle_objects.h"

#include <algorithm>
#include <iterator>

#include "core/quoted.h"

namespace sentence_transformers {
namespace {

using Kind = PickledValue::Kind;
using Items = std::vector<const PickledValue*>;

// Callable, some with a form of their own in build_object.
constexpr std::string_view kOrderedDict = "collections OrderedDict";
constexpr std::string_view kTensor1 = "torch._utils _rebuild_tensor";
constexpr std::string_view kTensor2 = "torch._utils _rebuild_tensor_v2";
constexpr std::string_view kTensor3 = "torch._utils _rebuild_tensor_v3";
constexpr std::string_view kParameter = "torch._utils _rebuild_parameter";
constexpr std::string_view kParameterWithState = "torch._utils _rebuild_parameter_with_state";
constexpr std::string_view kSize = "torch Size";
constexpr std::string_view kDevice = "torch device";
constexpr std::string_view kLayout = "torch.serialization _get_layout";
constexpr std::string_view kEncode = "_codecs encode";  // bytes, in protocol 2
constexpr std::string_view kCallable[] = {
    kOrderedDict,        kTensor1, kTensor2, kTensor3, kParameter,
    kParameterWithState, kSize,    kDevice,  kLayout,  kEncode};

// Only named: types of elements and of storages.
constexpr std::string_view kTypes[] = {"bfloat16",
                                       "bool",
                                       "complex128",
                                       "complex64",
                                       "float16",
                                       "float32",
                                       "float64",
                                       "float8_e4m3fn",
                                       "float8_e4m3fnuz",
                                       "float8_e5m2",
                                       "float8_e5m2fnuz",
                                       "int16",
                                       "int32",
                                       "int64",
                                       "int8",
                                       "uint16",
                                       "uint32",
                                       "uint64",
                                       "uint8"};
constexpr std::string_view kStorages[] = {
    "BFloat16", "Bool", "Byte", "Char", "ComplexDouble", "ComplexFloat", "Double",
    "Float",    "Half", "Int",  "Long", "Short",         "Untyped"};

template <size_t N>
bool contains(const std::string_view (&list)[N], std::string_view text) {
  return std::find(std::begin(list), std::end(list), text) != std::end(list);
}

std::string_view type_name(std::string_view global) {
  constexpr std::string_view kModule = "torch ";
  if (!global.starts_with(kModule)) return "";
  global.remove_prefix(kModule.size());
  return contains(kTypes, global) ? global : "";
}

/// "Half" of "torch HalfStorage", else "".
std::string_view storage_type(std::string_view global) {
  constexpr std::string_view kEnd = "Storage";
  if (!global.ends_with(kEnd)) return "";
  for (const std::string_view module : {"torch ", "torch.storage "}) {
    if (!global.starts_with(module)) continue;
    std::string_view type = global.substr(module.size());
    type.remove_suffix(kEnd.size());
    if (contains(kStorages, type)) return type;
  }
  return "";
}

bool is(const Items& items, size_t i, Kind kind) {
  return i < items.size() && items[i]->kind == kind;
}

/// LibTorch's own limit. Tuples of sizes are copied, longer ones would cost more than their bytes.
constexpr size_t kMostDimensions = 64;

/// A tuple, or torch.Size, of numbers that are not negative.
bool read_numbers(const PickledValue& value, std::vector<int64_t>& numbers) {
  if (value.kind != Kind::tuple || value.items.size() > kMostDimensions) return false;
  for (const PickledValue* item : value.items) {
    if (item->kind != Kind::integer || item->integer < 0) return false;
    numbers.push_back(item->integer);
  }
  return true;
}

/// (storage, offset, size, stride, ...[, type])
std::string build_tensor(std::string_view function, const Items& items, PickledValue& result,
                         std::deque<PickledTensor>& tensors) {
  PickledTensor tensor;
  const bool has_type = function == kTensor3;
  if (items.size() < (function == kTensor1 ? 4
                      : has_type           ? 7
                                           : 6) ||
      !is(items, 0, Kind::storage) || !is(items, 1, Kind::integer) || items[1]->integer < 0 ||
      !read_numbers(*items[2], tensor.size) || !read_numbers(*items[3], tensor.stride) ||
      tensor.size.size() != tensor.stride.size()) {
    return "a tensor's arguments are not a storage, an offset, sizes and strides";
  }
  tensor.storage = items[0]->storage;
  tensor.offset = items[1]->integer;
  if (has_type) {
    tensor.dtype = is(items, 6, Kind::global) ? type_name(items[6]->text) : "";
    if (tensor.dtype.empty()) return "a tensor's type is none";
  }
  result.kind = Kind::tensor;
  result.tensor = &tensors.emplace_back(std::move(tensor));
  return "";
}

}  // namespace

bool is_known_global(std::string_view global) {
  return contains(kCallable, global) || !storage_type(global).empty() || !type_name(global).empty();
}

std::string build_object(const PickledValue& function, const PickledValue& arguments,
                         PickledValue& result, std::deque<PickledTensor>& tensors) {
  if (function.kind != Kind::global || !contains(kCallable, function.text)) {
    return std::string("expected a function, found ") +
           (function.kind == Kind::global ? in_quotes(function.text) : kind_name(function.kind));
  }
  if (arguments.kind != Kind::tuple) {
    return std::string("expected a tuple of arguments, found ") + kind_name(arguments.kind);
  }
  const std::string_view name = function.text;
  const Items& items = arguments.items;
  if (name == kTensor1 || name == kTensor2 || name == kTensor3) {
    return build_tensor(name, items, result, tensors);
  }
  if (name == kParameter || name == kParameterWithState) {
    if (!is(items, 0, Kind::tensor)) return "a parameter without a tensor";
    result.kind = Kind::tensor;
    result.tensor = items[0]->tensor;
  } else if (name == kOrderedDict) {
    if (!items.empty()) return "an OrderedDict with arguments";
    result.kind = Kind::dict;
  } else if (name == kSize) {
    if (!is(items, 0, Kind::tuple) || items[0]->items.size() > kMostDimensions) {
      return "a torch.Size without a tuple of sizes";
    }
    result.kind = Kind::tuple;
    result.items = items[0]->items;
  } else if (name == kEncode) {
    if (!is(items, 0, Kind::text)) return "bytes without a text";
    result.kind = Kind::text;
    result.text = items[0]->text;
  } else {  // a device, a layout: nothing needs them
    result.kind = Kind::other;
  }
  return "";
}

/// ("storage", type, key, place, count[, view]), where a view of the older layout is None or
/// (key, first, count).
std::string build_storage(const PickledValue& id, PickledValue& result) {
  const Items& items = id.items;
  if (id.kind != Kind::tuple || !is(items, 0, Kind::text) || items[0]->text != "storage" ||
      !is(items, 1, Kind::global) || !is(items, 2, Kind::text) || !is(items, 4, Kind::integer) ||
      items[4]->integer < 0) {
    return "a persistent id that is no storage";
  }
  PickledStorage& storage = result.storage;
  storage.type = storage_type(items[1]->text);
  if (storage.type.empty()) return "a storage of no type";
  storage.key = items[2]->text;
  storage.root_count = storage.count = items[4]->integer;
  result.kind = Kind::storage;
  if (items.size() < 6 || is(items, 5, Kind::none)) return "";
  if (!is(items, 5, Kind::tuple)) return "a storage's view is none";
  const Items& view = items[5]->items;
  if (!is(view, 1, Kind::integer) || !is(view, 2, Kind::integer)) return "a storage's view is none";
  storage.first = view[1]->integer;
  storage.count = view[2]->integer;
  if (storage.first < 0 || storage.count < 0 || storage.first > storage.root_count ||
      storage.count > storage.root_count - storage.first) {
    return "a storage's view lies outside of it";
  }
  return "";
}

}  // namespace sentence_transformers
