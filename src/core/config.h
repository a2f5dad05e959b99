// A JSON object that remembers its file, so that every error names file and key.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "core/json.h"

namespace sentence_transformers {

/// Longest JSON file that is read, in bytes. The largest tokenizer.json in use has some 40 MB.
inline constexpr size_t kLongestJson = 100'000'000;

/// The file as JSON of any kind. Throws LoadError naming the file if it is longer than
/// kLongestJson, nested deeper than JsonRules allow or, with the place, malformed. Members of
/// `apart`, if the file has such an object, are put there instead of into the result, which takes a
/// fraction of the time.
nlohmann::json read_json(const std::filesystem::path& path, InnerObject* apart = nullptr);

/// Writes a configuration file, atomically. Throws Error naming the file if the disk refuses.
void write_json(const std::filesystem::path& path, const nlohmann::ordered_json& json);

/// One JSON object of a configuration file. T is bool, int64_t, double or std::string; integers are
/// accepted as double.
class Config {
 public:
  /// Throws LoadError if the file is missing, is no JSON or is no object.
  static Config read(const std::filesystem::path& path, InnerObject* apart = nullptr);
  /// The object `json`, found at `where` ("" for the top) of a file. Throws LoadError if it is no
  /// object.
  Config(nlohmann::json json, std::filesystem::path file, std::string where = "");

  /// The value; throws LoadError if it is absent or of another type.
  template <class T>
  T require(const std::string& key) const;
  /// The value, or nothing if the key is absent or null; throws LoadError for another type.
  template <class T>
  std::optional<T> find(const std::string& key) const;
  template <class T>
  T get(const std::string& key, T fallback) const {
    auto value = find<T>(key);
    return value ? *std::move(value) : std::move(fallback);
  }
  /// An integer of at least `least`.
  int64_t require_at_least(const std::string& key, int64_t least) const;

  /// The same, or the fallback if the key is absent.
  int64_t get_at_least(const std::string& key, int64_t fallback, int64_t least) const;
  /// A number from `least` to below `limit`, or the fallback if the key is absent.
  double get_below(const std::string& key, double fallback, double least, double limit) const;

  bool has(const std::string& key) const;
  /// The object under a key, which must be there.
  Config at(const std::string& key) const;
  const nlohmann::json& json() const { return *json_; }
  const std::filesystem::path& file() const { return file_; }
  /// `path/config.json: "a.b"`, as error texts name a key.
  std::string name(const std::string& key) const;

 private:
  Config(std::shared_ptr<const nlohmann::json> json, std::filesystem::path file, std::string where);

  std::shared_ptr<const nlohmann::json> json_;
  std::filesystem::path file_;
  std::string where_;
};

}  // namespace sentence_transformers
