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
  bool number_integer(json::number_integer_t value) { return scalar(value); }
  bool number_unsigned(json::number_unsigned_t value) { return scalar(value); }
  bool number_float(json::number_float_t value, const std::string&) { return scalar(value); }
  bool string(std::string& value) { return scalar(std::move(value)); }
  bool binary(json::binary_t& value) { return scalar(std::move(value)); }

  bool start_object(size_t) {
    const bool is_apart = rules_.apart && in_inner_ && open_.size() == kInner && !passed_over_ &&
                          open_.back()->is_object();
    start(json::object());
    if (is_apart) apart_ = true;
    return true;
  }
  bool start_array(size_t) {
    start(json::array());
    return true;
  }
  bool end_object() { return end(); }
  bool end_array() { return end(); }

  bool key(std::string& name) {
    if (passed_over_) return true;
    if (apart_) {
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
    if (passed_over_) return true;
    if (apart_) {
      rules_.apart->members.back().second = std::forward<T>(value);
    } else {
      place(std::forward<T>(value));
    }
    return true;
  }

  void start(json value) {
    if (open_.size() + passed_over_ == rules_.deepest) {
      fail("is not valid JSON: nested deeper than " + std::to_string(rules_.deepest) + " levels");
    }
    if (apart_) {
      ++passed_over_;
    } else {
      open_.push_back(place(std::move(value)));
    }
  }

  bool end() {
    if (passed_over_) {
      --passed_over_;
    } else {
      apart_ = false;
      open_.pop_back();
    }
    return true;
  }

  const std::string& start_;
  const JsonRules& rules_;
  json root_;
  std::vector<json*> open_;  // objects and lists that the text is inside of
  json* member_ = nullptr;   // of the innermost object, for the value to come
  bool in_outer_ = false, in_inner_ = false, apart_ = false;
  size_t passed_over_ = 0;  // open ones that are members of the object apart
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
