// What the training examples' command lines share: --name value pairs, and a word on missing data.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

/// The whole text as a number, by std::stoll or std::stod.
template <class Number>
Number parse_number(const std::string& flag, const std::string& text,
                    Number (*read)(const std::string&, size_t*)) {
  try {
    size_t end = 0;
    const Number value = read(text, &end);
    if (end == text.size()) return value;
  } catch (const std::logic_error&) {  // no number, or out of range
  }
  throw std::invalid_argument(flag + " needs a number, not \"" + text + "\"");
}

/// The flags a program knows, with their defaults; the command line overwrites them.
class Flags {
 public:
  /// Throws std::invalid_argument for a flag that `defaults` does not have, or one without value.
  Flags(int argc, char** argv, std::map<std::string, std::string> defaults)
      : values_(std::move(defaults)) {
    for (int i = 1; i < argc; i += 2) {
      const std::string flag = argv[i];
      if (!values_.count(flag)) throw std::invalid_argument("unknown flag " + flag);
      if (i + 1 == argc) throw std::invalid_argument(flag + " needs a value");
      values_[flag] = argv[i + 1];
    }
  }

  const std::string& text(const std::string& flag) const { return values_.at(flag); }
  int64_t integer(const std::string& flag) const {
    return parse_number<long long>(
        flag, text(flag), [](const std::string& s, size_t* end) { return std::stoll(s, end); });
  }
  double number(const std::string& flag) const {
    return parse_number<double>(
        flag, text(flag), [](const std::string& s, size_t* end) { return std::stod(s, end); });
  }

 private:
  std::map<std::string, std::string> values_;
};

/// Throws std::runtime_error if the file is missing, and says what brings it.
inline void require_file(const std::filesystem::path& file, const std::string& remedy) {
  if (std::filesystem::exists(file)) return;
  throw std::runtime_error(file.string() + " is missing; " + remedy);
}

inline void require_stsb(const std::filesystem::path& file) {
  require_file(file, "scripts/get_stsb.sh gets the STS benchmark into models/stsb");
}

/// What the caller should know about a run's data.
inline void print_notes(const std::vector<std::string>& notes) {
  for (const std::string& note : notes) std::printf("note: %s\n", note.c_str());
}
