// Columns by name, labels as numbers or words, and what makes a row bad.
#include "data/rows.h"

#include <sentence_transformers/error.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <system_error>

#include "core/quoted.h"

namespace sentence_transformers {
namespace {

using nlohmann::json;

std::string listed(const std::vector<std::string_view>& names) {
  std::string text;
  for (const std::string_view name : names) text += (text.empty() ? "" : ", ") + in_quotes(name);
  return text;
}

bool add_number(const FileDatasetOptions& options, double number, Example& example) {
  const auto label = static_cast<float>(number * options.label_scale);
  if (std::isfinite(label)) example.labels.push_back(label);
  return std::isfinite(label);
}

RowResult add_label(const FileDatasetOptions& options, const std::string& column,
                    std::string_view word, Example& example, std::string& problem) {
  for (const std::string& skipped : options.skipped_labels) {
    if (word == skipped) return RowResult::skipped;
  }
  if (!options.label_values.empty()) {
    const auto found = options.label_values.find(std::string(word));
    if (found != options.label_values.end()) {
      example.labels.push_back(found->second);
      return RowResult::example;
    }
    problem = in_quotes(column) + " is " + in_quotes(word) + "; expected ";
    for (const auto& [name, value] : options.label_values) {
      problem += (name == options.label_values.begin()->first ? "" : ", ") + in_quotes(name);
    }
    return RowResult::bad;
  }
  const size_t begin = word.find_first_not_of(' ');
  const size_t end = word.find_last_not_of(' ') + 1;
  if (begin != std::string_view::npos) {
    double number = 0;
    const auto [stop, error] =
        std::from_chars(word.data() + begin, word.data() + end, number, std::chars_format::general);
    if (error == std::errc() && stop == word.data() + end && add_number(options, number, example)) {
      return RowResult::example;
    }
  }
  problem = in_quotes(column) + " is " + in_quotes(word) + "; expected a finite number";
  return RowResult::bad;
}

/// The value of a key in an object, or at an index in a list.
const json* find(const json& row, const std::string& key) {
  if (row.is_object()) {
    const auto found = row.find(key);
    return found == row.end() ? nullptr : &*found;
  }
  size_t index = 0;
  const auto [stop, error] = std::from_chars(key.data(), key.data() + key.size(), index);
  const bool whole = error == std::errc() && stop == key.data() + key.size();
  return whole && index < row.size() ? &row[index] : nullptr;
}

/// A word as it is, a number as JSON writes it. Lists and objects only by their kind: they may be
/// nested so deep that writing them would overflow the stack.
std::string word_of(const json& value) {
  if (value.is_string()) return value.get_ref<const std::string&>();
  return value.is_structured() ? value.type_name() : value.dump();
}

RowResult add_json_texts(const std::string& key, const json& value, Example& example,
                         std::string& problem) {
  const auto add = [&](const json& text) {
    if (text.is_string()) example.texts.push_back(text.get_ref<const std::string&>());
    return text.is_string();
  };
  bool good = value.is_array() || add(value);
  if (value.is_array()) {
    for (const json& text : value) good = good && add(text);
  }
  if (good) return RowResult::example;
  problem =
      in_quotes(key) + " is " + in_quotes(word_of(value)) + "; expected a text or a list of texts";
  return RowResult::bad;
}

RowResult add_json_labels(const FileDatasetOptions& options, const std::string& key,
                          const json& value, Example& example, std::string& problem) {
  if (value.is_array()) {
    for (const json& label : value) {
      const RowResult result = label.is_array()
                                   ? RowResult::bad
                                   : add_json_labels(options, key, label, example, problem);
      if (label.is_array()) problem = in_quotes(key) + " is a list of lists; expected numbers";
      if (result != RowResult::example) return result;
    }
    return RowResult::example;
  }
  if (options.label_values.empty() && options.skipped_labels.empty()) {
    if (value.is_number() && add_number(options, value.get<double>(), example)) {
      return RowResult::example;
    }
    if (value.is_boolean() && add_number(options, value.get<bool>() ? 1 : 0, example)) {
      return RowResult::example;
    }
  }
  return add_label(options, key, word_of(value), example, problem);
}

}  // namespace

void check_options(const FileDatasetOptions& options) {
  const auto fail = [](const char* what) {
    throw std::invalid_argument(std::string("[FileDataset] ") + what);
  };
  if (options.format == FileFormat::lines) {
    if (!options.texts.empty() || !options.labels.empty() || options.only) {
      fail("the format `lines` has no columns: texts, labels and only must be empty");
    }
  } else if (options.texts.empty()) {
    fail("texts is empty; expected the columns that hold the texts");
  }
  if (options.labels.empty() && !(options.label_values.empty() && options.skipped_labels.empty())) {
    fail("label_values and skipped_labels are of no use while labels is empty");
  }
  if (!std::isfinite(options.label_scale)) fail("label_scale is not a finite number");
  if (options.strict && options.max_bad_share != 0) {
    fail("max_bad_share is of no use while strict is true");
  }
  if (!options.strict && !(options.max_bad_share > 0 && options.max_bad_share <= 1)) {
    fail(
        "strict is false; expected in max_bad_share what share of the lines may be bad, above 0 "
        "and up to 1");
  }
}

FieldMapper::FieldMapper(const FileDatasetOptions& options, const std::filesystem::path& file,
                         const std::vector<std::string_view>* header)
    : options_(options), header_(header ? header->size() : 0) {
  const auto column = [&](const std::string& name) {
    uint32_t index = 0;
    if (header) {
      while (index < header->size() && (*header)[index] != name) ++index;
      if (index == header->size()) {
        throw LoadError("[FileDataset] " + file.string() + ": has no column " + in_quotes(name) +
                        "; there are " + listed(*header));
      }
    } else {
      const auto [stop, error] = std::from_chars(name.data(), name.data() + name.size(), index);
      if (error != std::errc() || stop != name.data() + name.size()) {
        throw std::invalid_argument("[FileDataset] column " + in_quotes(name) +
                                    "; expected a number, for without a header columns are named "
                                    "\"0\", \"1\", ...");
      }
    }
    columns_ = std::max(columns_, size_t{index} + 1);
    return Column{name, index};
  };
  for (const std::string& name : options.texts) texts_.push_back(column(name));
  for (const std::string& name : options.labels) labels_.push_back(column(name));
  if (options.only) only_ = column(options.only->first);
}

RowResult FieldMapper::map(const std::vector<std::string_view>& fields, Example& example,
                           std::string& problem) const {
  if (fields.size() < columns_ || (header_ > 0 && fields.size() > header_)) {
    problem = "has " + std::to_string(fields.size()) + " columns; expected " +
              (header_ > 0 ? std::to_string(header_) : "at least " + std::to_string(columns_));
    return RowResult::bad;
  }
  if (only_ && fields[only_->index] != options_.only->second) return RowResult::skipped;
  example.labels.clear();
  for (const Column& label : labels_) {
    const RowResult result = add_label(options_, label.name, fields[label.index], example, problem);
    if (result != RowResult::example) return result;
  }
  example.texts.resize(texts_.size());
  for (size_t i = 0; i < texts_.size(); ++i) example.texts[i] = fields[texts_[i].index];
  return RowResult::example;
}

RowResult map_json(const FileDatasetOptions& options, std::string_view line, Example& example,
                   std::string& problem) {
  json row;
  try {
    row = json::parse(line);
  } catch (const json::parse_error& error) {
    problem = "is no JSON: error at byte " + std::to_string(error.byte);
    return RowResult::bad;
  } catch (const json::out_of_range&) {
    problem = "has a number that is too large";
    return RowResult::bad;
  }
  if (!row.is_object() && !row.is_array()) {
    problem = "is " + in_quotes(row.dump()) + "; expected a JSON object or list";
    return RowResult::bad;
  }
  const auto require = [&](const std::string& key) {
    const json* value = find(row, key);
    if (!value) problem = "has no " + in_quotes(key);
    return value;
  };
  if (options.only) {
    const json* value = require(options.only->first);
    if (!value) return RowResult::bad;
    if (word_of(*value) != options.only->second) return RowResult::skipped;
  }
  example.labels.clear();
  for (const std::string& key : options.labels) {
    const json* value = require(key);
    if (!value) return RowResult::bad;
    const RowResult result = add_json_labels(options, key, *value, example, problem);
    if (result != RowResult::example) return result;
  }
  example.texts.clear();
  for (const std::string& key : options.texts) {
    const json* value = require(key);
    if (!value) return RowResult::bad;
    const RowResult result = add_json_texts(key, *value, example, problem);
    if (result != RowResult::example) return result;
  }
  return RowResult::example;
}

}  // namespace sentence_transformers
