// JSON texts: parsed as nlohmann does, within the limits; configurations answer or refuse.
#include "core/config.h"

#include <algorithm>

#include "fuzz.h"

namespace sentence_transformers {
namespace {

using nlohmann::json;

size_t depth(const json& value) {
  if (!value.is_structured()) return 0;
  size_t deepest = 0;
  for (const json& part : value) deepest = std::max(deepest, depth(part));
  return deepest + 1;
}

/// Brackets open at once, an upper bound, so that depth() does not recurse without limit.
size_t brackets(std::string_view text) {
  return static_cast<size_t>(std::count(text.begin(), text.end(), '[') +
                             std::count(text.begin(), text.end(), '{'));
}

void ask_everything(const Config& config) {
  for (const auto& [key, value] : config.json().items()) {
    using fuzz::accepted;
    accepted([&, &key = key] { config.require<bool>(key); });
    accepted([&, &key = key] { config.require<std::string>(key); });
    accepted([&, &key = key] { config.require_at_least(key, 1); });
    accepted([&, &key = key] { config.get_at_least(key, 3, -5); });
    accepted([&, &key = key] { config.get_below(key, 0.5, 0, 1); });
    accepted([&, &key = key] { ask_everything(config.at(key)); });
    fuzz::require(shown(value).size() <= 100, "a value is shown in short");
  }
}

}  // namespace

FUZZ_TARGET(config) {
  json value;
  const bool parsed = fuzz::accepted([&] { value = parse_json(input, "[fuzz] ", {}); });

  const bool plain = brackets(input) <= 1000 && input.find('\0') == input.npos;
  if (plain) {
    json other;
    bool other_parsed = true;
    try {
      other = json::parse(input);
    } catch (const json::exception&) {
      other_parsed = false;
    }
    fuzz::require(parsed == (other_parsed && depth(other) <= JsonRules().deepest),
                  "a text is parsed if and only if nlohmann parses it, within the depth");
    fuzz::require(!parsed || value == other, "the value is that of nlohmann");
  }
  fuzz::accepted([&] { parse_json(input, "[fuzz] ", {.deepest = 3, .unique_keys = true}); });

  InnerObject apart{"model", "vocab"};
  json rest;
  const bool parsed_apart =
      fuzz::accepted([&] { rest = parse_json(input, "[fuzz] ", {.apart = &apart}); });
  fuzz::require(parsed_apart == parsed, "an object set apart does not change what is parsed");
  if (!parsed) return;
  if (!apart.members.empty()) {
    // A text may have the object several times: then only the sum of its members is kept.
    size_t repeats = 0;
    for (size_t at = 0; (at = input.find("ocab\"", at)) != input.npos; ++at) ++repeats;
    const bool once = repeats == 1 && input.find('\\') == input.npos;
    json put_back = json::object();
    for (const auto& [key, member] : apart.members) put_back[key] = member;
    json expected = value["model"]["vocab"];
    for (json& member : expected) {
      if (member.is_structured()) member = nullptr;
    }
    fuzz::require(!once || put_back == expected, "members set apart are those of the object");
  }
  if (!value.is_object()) return;
  ask_everything(Config(value, "config.json"));

  static const fuzz::Folder folder;
  write_json(folder.path() / "written.json", value);
  fuzz::require(read_json(folder.path() / "written.json") == value, "what is written is read");
}

}  // namespace sentence_transformers
