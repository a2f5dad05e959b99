// Reads --name value pairs of the training examples' command lines.
#pragma once

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>

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
