#include "modules/route_mappings.h"

#include <sentence_transformers/error.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "core/quoted.h"

namespace sentence_transformers {
namespace {

/// Reads a Python tuple of two, each None, a string, or (the second) a tuple of strings.
class KeyReader {
 public:
  explicit KeyReader(std::string_view text) : text_(text) {}

  std::optional<RouteKey> read() {
    RouteKey key;
    const bool good = take('(') && name_or_none(key.first) && take(',') &&
                      (text_.starts_with('(') ? modalities(key.second) : name_or_none(key.second));
    take(',');
    if (!good || !take(')') || !text_.empty()) return std::nullopt;
    return key;
  }

 private:
  void skip_spaces() {
    while (text_.starts_with(' ')) text_.remove_prefix(1);
  }
  bool take(char c) {
    skip_spaces();
    if (!text_.starts_with(c)) return false;
    text_.remove_prefix(1);
    skip_spaces();
    return true;
  }
  bool name(std::string& result) {
    if (text_.empty() || (text_[0] != '\'' && text_[0] != '"')) return false;
    const size_t end = text_.find(text_[0], 1);
    if (end == text_.npos) return false;
    result = text_.substr(1, end - 1);
    text_.remove_prefix(end + 1);
    return result.find('\\') == result.npos;
  }
  bool name_or_none(std::optional<std::string>& result) {
    if (text_.starts_with("None")) {
      text_.remove_prefix(4);
      return true;
    }
    return name(result.emplace());
  }
  bool modalities(std::optional<std::string>& result) {
    if (!take('(')) return false;
    std::vector<std::string> names;
    for (std::string one; name(one);) {
      names.push_back(one);
      if (!take(',')) break;
    }
    std::sort(names.begin(), names.end());
    std::string all;
    for (const std::string& one : names) all += (all.empty() ? "" : "+") + one;
    result = "(" + all + ")";
    return !names.empty() && take(')');
  }

  std::string_view text_;
};

}  // namespace

RouteMappings read_route_mappings(const Config& parameters) {
  RouteMappings mappings;
  if (!parameters.has("route_mappings")) return mappings;
  const Config list = parameters.at("route_mappings");
  for (const auto& [text, route] : list.json().items()) {
    const auto key = KeyReader(text).read();
    if (!key) {
      throw LoadError("[Router] " + parameters.name("route_mappings") +
                      ": expected keys such as \"('query', None)\", found " + in_quotes(text));
    }
    mappings[*key] = list.require<std::string>(text);
  }
  return mappings;
}

}  // namespace sentence_transformers
