// Python's pickles, restricted to what checkpoints are made of: nothing is ever called, and every
// class or function that is not in a short table is refused by name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace sentence_transformers {

/// A storage that a persistent id names: a run of `count` elements of root storage `key`, from
/// `first` on.
struct PickledStorage {
  std::string_view type;  // "Float", "Half", ..., "Untyped"
  std::string_view key;
  int64_t first = 0, count = 0;
  int64_t root_count = 0;
};

/// A tensor over a storage; all numbers in elements.
struct PickledTensor {
  PickledStorage storage;
  std::string_view dtype;  // "" where the storage tells
  int64_t offset = 0;
  std::vector<int64_t> size = {}, stride = {};
};

struct PickledValue {
  enum class Kind {
    none,
    boolean,
    integer,
    real,
    text,
    tuple,
    list,
    dict,
    global,
    storage,
    tensor,
    other
  };
  Kind kind = Kind::none;
  int64_t integer = 0;  // also of a boolean
  double real = 0;
  std::string_view text = {};                   // of a text, or "module name" of a global
  std::vector<const PickledValue*> items = {};  // of a dict: key, value, key, value, ...
  PickledStorage storage = {};
  PickledTensor* tensor = nullptr;
};

/// One pickle after the other from the same bytes, which must outlive this.
class Unpickler {
 public:
  /// Errors begin with `start`.
  Unpickler(std::string_view bytes, std::string start);

  /// The value of the next pickle. Throws LoadError, with the place, for whatever is malformed, too
  /// large, or would need more than building; UnsupportedError for a global that is not known.
  const PickledValue& read();
  /// Where the next pickle begins, in bytes.
  size_t position() const { return at_; }

 private:
  friend class PickleMachine;
  std::string_view bytes_;
  std::string start_;
  size_t at_ = 0;
  // Values live here and know each other by address, so that no nesting, however deep, and no
  // circle matters when they go.
  std::deque<PickledValue> values_;
  std::deque<PickledTensor> tensors_;
  std::deque<std::string> texts_;
};

/// A kind's name for messages: "a tensor", "a list".
const char* kind_name(PickledValue::Kind kind);

}  // namespace sentence_transformers
