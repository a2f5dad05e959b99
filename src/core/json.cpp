// A handler of the parser's events that builds the value: the parser's own variant with a callback
// looks through all siblings at the end of each object.
#include "core/json.h"

#include <sentence_transformers/error.h>

#include "core/quoted.h"

namespace sentence_transformers {
namespace {

using nlohmann::json;

/// Takes events in the text's order; nlohmann calls them by these names.
class Builder {
 public:
  Builder(const std::string& start, const JsonRules& rules) : start_(start), rules_(rules) {}

  bool null() { return scalar(nullptr); }
  bool boolean(bool value) { return scalar(value); }
  bool number_integer(json::number_integer_t value) {
    return apart_ == Apart::list ? number_apart(std::to_string(value)) : scalar(value);
  }
  bool number_unsigned(json::number_unsigned_t value) {
    return apart_ == Apart::list ? number_apart(std::to_string(value)) : scalar(value);
  }
  bool number_float(json::number_float_t value, const std::string& spelling) {
    return apart_ == Apart::list ? number_apart(spelling) : scalar(value);
  }
  bool string(std::string& value) {
    return apart_ == Apart::list ? text_apart(value) : scalar(std::move(value));
  }
  bool binary(json::binary_t& value) { return scalar(std::move(value)); }

  bool start_object(size_t) {
    const bool is_apart = begins_apart();
    if (apart_ == Apart::list) spoil_entry();
    start(json::object());
    if (is_apart) apart_ = Apart::object;
    return true;
  }
  bool start_array(size_t) {
    const bool is_apart = begins_apart();
    if (apart_ == Apart::list && !passed_over_) begin_entry();
    if (apart_ == Apart::list && passed_over_) spoil_entry();
    start(json::array());
    if (is_apart) {
      apart_ = Apart::list;
      rules_.apart->pairs.clear();
    }
    return true;
  }
  bool end_object() { return end(); }
  bool end_array() { return end(); }

  bool key(std::string& name) {
    if (passed_over_) return true;
    if (apart_ == Apart::object) {
      rules_.apart->members.emplace_back(std::move(name), nullptr);
      return true;
    }
    if (rules_.apart && open_.size() == kOuter) in_outer_ = name == rules_.apart->outer;
    if (rules_.apart && open_.size() == kInner) {
      in_inner_ = in_outer_ && name == rules_.apart->inner;
    }
    const auto [member, is_new] =
        open_.back()->get_ref<json::object_t&>().try_emplace(std::move(name));
    if (!is_new && rules_.unique_keys) fail("has the key " + in_quotes(member->first) + " twice");
    member_ = &member->second;
    return true;
  }

  bool parse_error(size_t, const std::string&, const json::exception& error) {
    // The parser quotes what it last read, which may be most of the file.
    fail("is not valid JSON: " + shortened(error.what(), 300));
  }

  json result() { return std::move(root_); }

 private:
  // How many values are open where a key of the outermost object stands, and one of the outer one.
  static constexpr size_t kOuter = 1, kInner = 2;

  [[noreturn]] void fail(const std::string& text) const { throw LoadError(start_ + text); }

  /// Puts the value where the text has it.
  json* place(json value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    if (open_.back()->is_array()) {
      auto& list = open_.back()->get_ref<json::array_t&>();
      list.push_back(std::move(value));
      return &list.back();
    }
    *member_ = std::move(value);
    return member_;
  }

  template <class T>
  bool scalar(T&& value) {
    if (apart_ == Apart::list) {
      spoil_entry();
    } else if (passed_over_) {
      return true;
    } else if (apart_ == Apart::object) {
      rules_.apart->members.back().second = std::forward<T>(value);
    } else {
      place(std::forward<T>(value));
    }
    return true;
  }

  /// Does the object or list that begins here go apart?
  bool begins_apart() const {
    return rules_.apart && apart_ == Apart::none && in_inner_ && open_.size() == kInner &&
           open_.back()->is_object();
  }

  // Entries of the list apart. Their first part is a text, their second and last one a number.
  void begin_entry() {
    rules_.apart->pairs.emplace_back();
    parts_ = 0;
  }
  /// The entry has something that it should not have, or is no list itself.
  bool spoil_entry() {
    if (!passed_over_) begin_entry();
    parts_ = kSpoilt;
    rules_.apart->pairs.back().second.clear();
    return true;
  }
  bool text_apart(std::string& value) {
    if (passed_over_ != 1 || parts_ != 0) return spoil_entry();
    parts_ = 1;
    rules_.apart->pairs.back().first = std::move(value);
    return true;
  }
  bool number_apart(const std::string& spelling) {
    if (passed_over_ != 1 || parts_ != 1) return spoil_entry();
    parts_ = 2;
    rules_.apart->pairs.back().second = spelling;
    return true;
  }

  void start(json value) {
    if (open_.size() + passed_over_ == rules_.deepest) {
      fail("is not valid JSON: nested deeper than " + std::to_string(rules_.deepest) + " levels");
    }
    if (apart_ != Apart::none) {
      ++passed_over_;
    } else {
      open_.push_back(place(std::move(value)));
    }
  }

  bool end() {
    if (passed_over_) {
      --passed_over_;
    } else {
      apart_ = Apart::none;
      open_.pop_back();
    }
    return true;
  }

  const std::string& start_;
  const JsonRules& rules_;
  json root_;
  std::vector<json*> open_;  // objects and lists that the text is inside of
  json* member_ = nullptr;   // of the innermost object, for the value to come
  bool in_outer_ = false, in_inner_ = false;
  enum class Apart { none, object, list } apart_ = Apart::none;  // what the text is inside of
  size_t passed_over_ = 0;  // open ones that are members of the object or list apart
  static constexpr int kSpoilt = 3;
  int parts_ = 0;  // of the list's last entry
};

}  // namespace

json parse_json(std::string_view text, const std::string& start, const JsonRules& rules) {
  // nlohmann takes a NUL for the end of its input.
  if (text.find('\0') != text.npos) throw LoadError(start + "is not valid JSON: holds a NUL");
  Builder builder(start, rules);
  json::sax_parse(text.data(), text.data() + text.size(), &builder);
  return builder.result();
}

std::string shown(const json& value) {
  constexpr size_t kMost = 60;
  const std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  return text.size() <= kMost ? text : shortened(text, kMost - 3);
}

}  // namespace sentence_transformers
