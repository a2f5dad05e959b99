// JSON texts to values in linear time, within limits that keep hostile files harmless.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sentence_transformers {

/// A large object inside another: {..., outer: {..., inner: {...}}}, or a list in its place.
struct InnerObject {
  std::string outer, inner;
  /// Its members as they stand in the file, a repeated key several times; null for one that is an
  /// object or a list.
  std::vector<std::pair<std::string, nlohmann::json>> members = {};
  /// The entries of a list, each of them [text, number]: the text, and the number as the file
  /// spells it. An entry of another form has no number.
  std::vector<std::pair<std::string, std::string>> pairs = {};
};

struct JsonRules {
  /// How many brackets may be open at once. What copies, prints and destroys JSON recurses.
  size_t deepest = 100;
  /// Refuses an object that has a key twice; otherwise the last one counts.
  bool unique_keys = false;
  /// What is in this object or list, if the text has it, is put there instead of into the result,
  /// which takes a fraction of the time.
  InnerObject* apart = nullptr;
};

/// The text's value. Throws LoadError of `start` and what is wrong: malformed JSON with the place,
/// or a broken rule.
nlohmann::json parse_json(std::string_view text, const std::string& start, const JsonRules& rules);

/// A value as an error text shows it: whole if short.
std::string shown(const nlohmann::json& value);

}  // namespace sentence_transformers
