// The opcodes that Python's pickle protocol 2 writes for a state dict (Lib/pickle.py, pickletools).
#include "core/unpickle.h"

#include <sentence_transformers/error.h>

#include <algorithm>
#include <bit>
#include <unordered_map>

#include "core/unpickle_objects.h"

namespace sentence_transformers {

using Kind = PickledValue::Kind;

namespace {

/// Enough for a hundred thousand tensors; their memory stays below half a gigabyte.
constexpr size_t kMostValues = size_t{1} << 22;

}  // namespace

const char* kind_name(Kind kind) {
  constexpr const char* kNames[] = {"None",   "a truth value", "a whole number", "a number",
                                    "a text", "a tuple",       "a list",         "a dictionary",
                                    "a name", "a storage",     "a tensor",       "an object"};
  return kNames[static_cast<size_t>(kind)];
}

/// Runs one pickle.
class PickleMachine {
 public:
  explicit PickleMachine(Unpickler& unpickler) : u_(unpickler) {}

  const PickledValue& run() {
    for (;;) {
      opcode_at_ = u_.at_;
      const auto opcode = static_cast<unsigned char>(take(1)[0]);
      if (opcode == '.') break;
      step(opcode);
    }
    const PickledValue* value = pop();
    if (!stack_.empty() || !marks_.empty()) fail("values are left on the stack");
    return *value;
  }

 private:
  [[noreturn]] void fail(const std::string& text) const {
    throw LoadError(u_.start_ + "pickle, byte " + std::to_string(opcode_at_) + ": " + text);
  }

  std::string_view take(size_t size) {
    if (size > u_.bytes_.size() - u_.at_) fail("the file ends inside");
    u_.at_ += size;
    return u_.bytes_.substr(u_.at_ - size, size);
  }
  uint64_t number(size_t bytes) {
    const std::string_view text = take(bytes);
    uint64_t value = 0;
    for (size_t i = bytes; i-- > 0;) value = value << 8 | static_cast<unsigned char>(text[i]);
    return value;
  }
  std::string_view line() {
    const size_t end = u_.bytes_.find('\n', u_.at_);
    if (end == u_.bytes_.npos) fail("the file ends inside");
    const std::string_view text = take(end - u_.at_);
    take(1);
    return text;
  }

  PickledValue* make(Kind kind) {
    if (u_.values_.size() == kMostValues) {
      fail("more than " + std::to_string(kMostValues) + " values");
    }
    PickledValue& value = u_.values_.emplace_back();
    value.kind = kind;
    return &value;
  }
  void push(PickledValue* value) { stack_.push_back(value); }
  void push_integer(int64_t number) {
    PickledValue* value = make(Kind::integer);
    value->integer = number;
    push(value);
  }
  void push_text(std::string_view text) {
    PickledValue* value = make(Kind::text);
    value->text = text;
    push(value);
  }

  /// How many values lie above the last mark.
  size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  PickledValue* pop() {
    if (stack_.size() <= floor()) fail("the stack is empty");
    PickledValue* value = stack_.back();
    stack_.pop_back();
    return value;
  }
  PickledValue* top(Kind kind) {
    if (stack_.size() <= floor()) fail("the stack is empty");
    if (stack_.back()->kind != kind) {
      fail(std::string("expected ") + kind_name(kind) + ", found " +
           kind_name(stack_.back()->kind));
    }
    return stack_.back();
  }
  std::vector<const PickledValue*> pop_to_mark() {
    if (marks_.empty()) fail("there is no mark");
    std::vector<const PickledValue*> values(stack_.begin() + static_cast<ptrdiff_t>(marks_.back()),
                                            stack_.end());
    stack_.resize(marks_.back());
    marks_.pop_back();
    return values;
  }
  void push_tuple(size_t size) {
    PickledValue* tuple = make(Kind::tuple);
    tuple->items.resize(size);
    for (size_t i = size; i-- > 0;) tuple->items[i] = pop();
    push(tuple);
  }
  void push_items(Kind kind) {
    std::vector<const PickledValue*> items = pop_to_mark();
    PickledValue* value = make(kind);
    value->items = std::move(items);
    push(value);
  }
  void append(Kind kind, const std::vector<const PickledValue*>& items) {
    if (kind == Kind::dict && items.size() % 2 != 0) fail("a key without a value");
    PickledValue* target = top(kind);
    target->items.insert(target->items.end(), items.begin(), items.end());
  }

  void remember(size_t index) {
    if (stack_.size() <= floor()) fail("the stack is empty");
    memo_[index] = stack_.back();
  }
  void recall(size_t index) {
    const auto found = memo_.find(index);
    if (found == memo_.end()) fail("nothing was remembered as " + std::to_string(index));
    push(found->second);
  }

  void step(unsigned char opcode) {
    switch (opcode) {
      case 0x80:  // PROTO
        if (const uint64_t protocol = number(1); protocol > 3) {
          fail("protocol " + std::to_string(protocol) + "; known: up to 3");
        }
        return;
      case 'c':
        return global();
      case '(':
        return marks_.push_back(stack_.size());
      case ')':
        return push(make(Kind::tuple));
      case 't':
        return push_items(Kind::tuple);
      case 0x85:
      case 0x86:
      case 0x87:
        return push_tuple(opcode - 0x84);
      case ']':
        return push(make(Kind::list));
      case '}':
        return push(make(Kind::dict));
      case 0x8f:  // EMPTY_SET
        return push(make(Kind::other));
      case 'a': {
        const PickledValue* item = pop();
        return append(Kind::list, {item});
      }
      case 'e': {
        const auto items = pop_to_mark();
        return append(Kind::list, items);
      }
      case 's': {
        const PickledValue* value = pop();
        const PickledValue* key = pop();
        return append(Kind::dict, {key, value});
      }
      case 'u': {
        const auto items = pop_to_mark();
        return append(Kind::dict, items);
      }
      case 'N':
        return push(make(Kind::none));
      case 0x88:
      case 0x89: {
        PickledValue* value = make(Kind::boolean);
        value->integer = opcode == 0x88;
        return push(value);
      }
      case 'J':
        return push_integer(static_cast<int32_t>(number(4)));
      case 'K':
        return push_integer(static_cast<int64_t>(number(1)));
      case 'M':
        return push_integer(static_cast<int64_t>(number(2)));
      case 0x8a:  // LONG1
        return long_number();
      case 'G': {  // BINFLOAT, big endian
        uint64_t bits = 0;
        for (const char c : take(8)) bits = bits << 8 | static_cast<unsigned char>(c);
        PickledValue* value = make(Kind::real);
        value->real = std::bit_cast<double>(bits);
        return push(value);
      }
      case 'X':  // BINUNICODE
      case 'T':  // BINSTRING
      case 'B':  // BINBYTES
        return push_text(take(number(4)));
      case 'U':  // SHORT_BINSTRING
      case 'C':  // SHORT_BINBYTES
        return push_text(take(number(1)));
      case 'q':
        return remember(number(1));
      case 'r':
        return remember(number(4));
      case 'h':
        return recall(number(1));
      case 'j':
        return recall(number(4));
      case 'Q':
        return persistent_id();
      case 'R':
      case 0x81: {  // REDUCE, NEWOBJ
        const PickledValue* arguments = pop();
        const PickledValue* function = pop();
        return call(*function, *arguments);
      }
      case 'b': {  // BUILD: attributes such as OrderedDict's _metadata, which nothing needs
        pop();
        if (stack_.size() <= floor()) fail("the stack is empty");
        return;
      }
      default:
        constexpr const char* kDigits = "0123456789abcdef";
        fail(std::string("opcode 0x") + kDigits[opcode >> 4] + kDigits[opcode & 15] +
             " is not one that checkpoints need");
    }
  }

  void global() {
    const std::string_view module = line(), name = line();
    std::string text = std::string(module) + " " + std::string(name);
    if (!is_known_global(text)) {
      std::replace(text.begin(), text.end(), ' ', '.');
      throw UnsupportedError(u_.start_ + "pickle, byte " + std::to_string(opcode_at_) + ": \"" +
                             text.substr(0, 200) +
                             "\" is refused: only tensors, lists, dictionaries, numbers and texts "
                             "are read, and nothing is run");
    }
    PickledValue* value = make(Kind::global);
    value->text = u_.texts_.emplace_back(std::move(text));
    push(value);
  }

  /// A two's complement number of up to 8 bytes.
  void long_number() {
    const std::string_view text = take(number(1));
    const bool negative = !text.empty() && (text.back() & 0x80);
    uint64_t value = negative ? ~uint64_t{0} : 0;
    for (size_t i = std::min<size_t>(text.size(), 8); i-- > 0;) {
      value = value << 8 | static_cast<unsigned char>(text[i]);
    }
    // A longer one is no number that is reckoned with; its bytes are its text.
    PickledValue* made = make(text.size() > 8 ? Kind::other : Kind::integer);
    made->text = text;
    made->integer = static_cast<int64_t>(value);
    push(made);
  }

  void persistent_id() {
    const PickledValue* id = pop();
    PickledValue* storage = make(Kind::storage);
    if (const std::string problem = build_storage(*id, *storage); !problem.empty()) fail(problem);
    push(storage);
  }

  void call(const PickledValue& function, const PickledValue& arguments) {
    PickledValue* result = make(Kind::other);
    const std::string problem = build_object(function, arguments, *result, u_.tensors_);
    if (!problem.empty()) fail(problem);
    push(result);
  }

  Unpickler& u_;
  size_t opcode_at_ = 0;
  std::vector<PickledValue*> stack_;
  std::vector<size_t> marks_;
  std::unordered_map<size_t, PickledValue*> memo_;
};

Unpickler::Unpickler(std::string_view bytes, std::string start)
    : bytes_(bytes), start_(std::move(start)) {}

const PickledValue& Unpickler::read() { return PickleMachine(*this).run(); }

}  // namespace sentence_transformers
