#include "tokenizers/unigram_vocabulary.h"

#include <sentence_transformers/error.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace sentence_transformers {
namespace {

constexpr int64_t kLargestPower = 308;

/// 10 to the power of `exponent`: the nearest double.
double power(int64_t exponent) {
  static const std::vector<double> powers = [] {
    std::vector<double> made(kLargestPower + 1);
    for (size_t i = 0; i < made.size(); ++i) {
      const std::string digits = "1e" + std::to_string(i);
      std::from_chars(digits.data(), digits.data() + digits.size(), made[i]);
    }
    return made;
  }();
  return exponent > kLargestPower ? std::numeric_limits<double>::infinity()
                                  : powers[static_cast<size_t>(exponent)];
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// As Rust's serde_json 1.0 does without its feature float_roundtrip: as many digits as fit are an
/// unsigned integer, the others only count.
double read_scaled(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  uint64_t significand = 0;
  int64_t exponent = 0;
  bool full = false, behind_point = false;
  size_t i = 0;
  for (; i < text.size() && (is_digit(text[i]) || text[i] == '.'); ++i) {
    if (text[i] == '.') {
      behind_point = true;
      continue;
    }
    const auto digit = static_cast<uint64_t>(text[i] - '0');
    full = full || significand > (UINT64_MAX - digit) / 10;
    if (!full) significand = significand * 10 + digit;
    if (full && !behind_point) ++exponent;
    if (!full && behind_point) --exponent;
  }
  if (i < text.size()) {  // "e-7"
    const char* begin = text.data() + i + 1;
    if (begin < text.data() + text.size() && *begin == '+') ++begin;
    int64_t given = 0;
    const bool fits = std::from_chars(begin, text.data() + text.size(), given).ec == std::errc();
    if (!fits) given = *begin == '-' ? INT64_MIN : INT64_MAX;
    exponent += std::clamp<int64_t>(given, -100'000, 100'000);
  }
  auto value = static_cast<double>(significand);
  for (; exponent < -kLargestPower && value != 0; exponent += kLargestPower) value /= 1e308;
  if (value != 0) value = exponent < 0 ? value / power(-exponent) : value * power(exponent);
  return negative ? -value : value;
}

}  // namespace

double read_score(std::string_view digits, ScoreReading reading) {
  if (digits.empty()) return std::numeric_limits<double>::quiet_NaN();
  if (reading == ScoreReading::scaled) return read_scaled(digits);
  double value = std::numeric_limits<double>::quiet_NaN();
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

UnigramVocabulary read_json_unigram(const Config& model, InnerObject& object,
                                    ScoreReading reading) {
  const auto vocab = model.json().find("vocab");
  if (vocab == model.json().end() || !vocab->is_array()) {
    throw LoadError("[Tokenizer] " + model.name("vocab") + ": expected a list");
  }
  UnigramVocabulary vocabulary;
  vocabulary.tokens.reserve(object.pairs.size());
  vocabulary.scores.reserve(object.pairs.size());
  for (auto& [token, digits] : object.pairs) {
    const double score = read_score(digits, reading);
    if (!std::isfinite(score)) {
      throw LoadError("[Tokenizer] " +
                      model.name("vocab[" + std::to_string(vocabulary.tokens.size()) + "]") +
                      ": expected [token, score]");
    }
    vocabulary.add(std::move(token), score);
  }
  object.pairs.clear();
  return vocabulary;
}

}  // namespace sentence_transformers
