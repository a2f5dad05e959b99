// Numbers as Python prints them, and csv files that grow by a line an evaluation.
#include "evaluation/report.h"

#include <sentence_transformers/error.h>

#include <cerrno>
#include <charconv>
#include <cmath>
#include <fstream>
#include <system_error>

namespace sentence_transformers {
namespace {

/// The fewest digits that give `value` back; with an exponent outside [10^-4, end).
template <class Float>
std::string shortest(Float value, double end) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  const double size = std::abs(static_cast<double>(value));
  const bool fixed = size == 0 || (size >= 1e-4 && size < end);
  char buffer[64];
  const auto format = fixed ? std::chars_format::fixed : std::chars_format::scientific;
  const auto result = std::to_chars(buffer, buffer + sizeof buffer, value, format);
  std::string text(buffer, result.ptr);
  if (fixed && text.find('.') == std::string::npos) text += ".0";
  return text;
}

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& reason) {
  throw Error("[Evaluator] " + path.string() + ": cannot be written: " + reason);
}

}  // namespace

std::string python_str(double value) { return shortest(value, 1e16); }
std::string python_str(float value) { return shortest(value, 1e6); }

std::string prefixed(const std::string& name, const std::string& key) {
  return name.empty() ? key : name + "_" + key;
}
std::string suffix(const std::string& name) { return name.empty() ? "" : "_" + name; }

void Report::add(const std::string& column, const std::string& key, double value) {
  add_column(column, value);
  add_metric(key, value);
}
void Report::add(const std::string& column, const std::string& key, float value) {
  columns_.emplace_back(column, python_str(value));
  add_metric(key, value);
}
void Report::add_column(const std::string& column, double value) {
  columns_.emplace_back(column, python_str(value));
}
void Report::add_metric(const std::string& key, double value) { metrics_[key] = value; }

Metrics Report::finish(const EvaluatorOptions& options, const EvaluationContext& context,
                       const std::string& file, const char* line_end) const {
  if (!context.output_path.empty() && options.write_csv) {
    const std::filesystem::path path = context.output_path / file;
    std::error_code error;
    std::filesystem::create_directories(context.output_path, error);
    if (error) fail(path, error.message());
    std::string header = "epoch,steps";
    std::string line = (context.epoch == -1 ? "-1" : python_str(context.epoch)) + "," +
                       std::to_string(context.steps);
    for (const auto& [name, text] : columns_) {
      header += "," + name;
      line += "," + text;
    }
    if (std::filesystem::is_regular_file(path, error)) header.clear();
    std::ofstream out(path, std::ios::binary | std::ios::app);
    if (!header.empty()) out << header << line_end;
    out << line << line_end << std::flush;
    if (!out) fail(path, std::generic_category().message(errno));
  }
  Metrics metrics;
  for (const auto& [key, value] : metrics_) metrics[prefixed(options.name, key)] = value;
  return metrics;
}

}  // namespace sentence_transformers
