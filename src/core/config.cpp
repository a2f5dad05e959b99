#include "core/config.h"

#include <sentence_transformers/error.h>

#include "core/files.h"
#include "core/quoted.h"

namespace sentence_transformers {
namespace {

template <class T>
constexpr const char* kTypeName = "a value";
template <>
constexpr const char* kTypeName<bool> = "true or false";
template <>
constexpr const char* kTypeName<int64_t> = "an integer";
template <>
constexpr const char* kTypeName<double> = "a number";
template <>
constexpr const char* kTypeName<std::string> = "a string";

template <class T>
bool is(const nlohmann::json& value) {
  if constexpr (std::is_same_v<T, bool>) return value.is_boolean();
  if constexpr (std::is_same_v<T, int64_t>) {
    // Beyond int64 the parser falls back to unsigned or floating numbers.
    return value.is_number_integer() &&
           !(value.is_number_unsigned() && value.get<uint64_t>() > uint64_t{INT64_MAX});
  }
  if constexpr (std::is_same_v<T, double>) return value.is_number();
  if constexpr (std::is_same_v<T, std::string>) return value.is_string();
}

}  // namespace

nlohmann::json read_json(const std::filesystem::path& path, InnerObject* apart) {
  const std::string text = read_file(path, kLongestJson);
  return parse_json(text, "[read_json] " + path.string() + ": ", {.apart = apart});
}

void write_json(const std::filesystem::path& path, const nlohmann::ordered_json& json) {
  constexpr int kIndent = 2;
  const std::string text =
      json.dump(kIndent, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  write_atomically(path, [&](FileWriter& file) { file.write(text.data(), text.size()); });
}

Config Config::read(const std::filesystem::path& path, InnerObject* apart) {
  return Config(read_json(path, apart), path);
}

Config::Config(nlohmann::json json, std::filesystem::path file, std::string where)
    : Config(std::make_shared<const nlohmann::json>(std::move(json)), std::move(file),
             std::move(where)) {}

Config::Config(std::shared_ptr<const nlohmann::json> json, std::filesystem::path file,
               std::string where)
    : json_(std::move(json)), file_(std::move(file)), where_(std::move(where)) {
  if (!json_->is_object()) {
    throw LoadError("[Config] " + file_.string() +
                    (where_.empty() ? "" : ": " + in_quotes(where_)) +
                    ": expected a JSON object, found " + shown(*json_));
  }
}

std::string Config::name(const std::string& key) const {
  return file_.string() + ": " + in_quotes(where_.empty() ? key : where_ + "." + key);
}

bool Config::has(const std::string& key) const {
  const auto found = json_->find(key);
  return found != json_->end() && !found->is_null();
}

template <class T>
std::optional<T> Config::find(const std::string& key) const {
  const auto found = json_->find(key);
  if (found == json_->end() || found->is_null()) return std::nullopt;
  if (!is<T>(*found)) {
    throw LoadError("[Config] " + name(key) + ": expected " + kTypeName<T> + ", found " +
                    shown(*found));
  }
  return found->get<T>();
}

template <class T>
T Config::require(const std::string& key) const {
  if (auto value = find<T>(key)) return *std::move(value);
  throw LoadError("[Config] " + name(key) + " is missing; expected " + kTypeName<T>);
}

template std::optional<bool> Config::find(const std::string&) const;
template std::optional<int64_t> Config::find(const std::string&) const;
template std::optional<double> Config::find(const std::string&) const;
template std::optional<std::string> Config::find(const std::string&) const;
template bool Config::require(const std::string&) const;
template int64_t Config::require(const std::string&) const;
template double Config::require(const std::string&) const;
template std::string Config::require(const std::string&) const;

int64_t Config::require_at_least(const std::string& key, int64_t least) const {
  require<int64_t>(key);
  return get_at_least(key, least, least);
}

int64_t Config::get_at_least(const std::string& key, int64_t fallback, int64_t least) const {
  const auto value = get<int64_t>(key, fallback);
  if (value < least) {
    throw LoadError("[Config] " + name(key) + ": expected at least " + std::to_string(least) +
                    ", found " + std::to_string(value));
  }
  return value;
}

double Config::get_below(const std::string& key, double fallback, double least,
                         double limit) const {
  const auto value = get<double>(key, fallback);
  if (!(value >= least && value < limit)) {
    throw LoadError("[Config] " + name(key) + ": expected " + shown(least) + " to below " +
                    shown(limit) + ", found " + shown(value));
  }
  return value;
}

Config Config::at(const std::string& key) const {
  if (!has(key)) throw LoadError("[Config] " + name(key) + " is missing; expected an object");
  // The part lives as long as the whole.
  return Config(std::shared_ptr<const nlohmann::json>(json_, &(*json_)[key]), file_,
                where_.empty() ? key : where_ + "." + key);
}

}  // namespace sentence_transformers
